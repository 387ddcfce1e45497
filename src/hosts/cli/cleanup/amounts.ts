import { TerminalError } from "../../../shared/errors.ts";

const DAY_MS = 24 * 60 * 60_000;
const AGE_UNITS: Readonly<Record<string, number>> = { h: DAY_MS / 24, d: DAY_MS, w: 7 * DAY_MS };
const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** `30d` in milliseconds. @throws TerminalError when it is no age */
export function readAge(text: string): number {
  const [, amount = "", unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)([hdw])$/.exec(text.trim()) ?? [];
  const ms = Number(amount) * (AGE_UNITS[unit] ?? Number.NaN);
  if (Number.isFinite(ms)) return ms;
  throw new TerminalError(`--older-than ${JSON.stringify(text)} is no age.`, "Write hours, days or weeks, such as 12h, 30d or 8w.");
}

/** `1GB` in bytes. @throws TerminalError when it is no size */
export function readSize(text: string): number {
  const [, amount = "", unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)([KMGT]?B)$/i.exec(text.trim()) ?? [];
  const bytes = Number(amount) * (SIZE_UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (Number.isFinite(bytes)) return bytes;
  throw new TerminalError(`--larger-than ${JSON.stringify(text)} is no size.`, "Write it like 500MB or 1GB.");
}

/** Bytes for people. */
export function sizeWords(bytes: number): string {
  const unit = Object.entries(SIZE_UNITS).findLast(([, size]) => bytes >= size) ?? ["B", 1];
  const amount = bytes / unit[1];
  return `${amount >= 100 || unit[0] === "B" ? Math.round(amount) : amount.toFixed(1)} ${unit[0]}`;
}

/**
 * What the sandbox may not ask of the kernel, as a seccomp filter (classic BPF). Namespaces leave out two ways outside: sockets of families
 * that know no network namespace (a virtual machine's own line to its host, `AF_VSOCK`), and the kernel's key rings.
 */

interface Architecture {
  /** `AUDIT_ARCH_*` of linux/audit.h. */
  readonly audit: number;
  /** Calls of another table under the same architecture (x32) begin here. */
  readonly foreignFrom: number | null;
  readonly socket: readonly number[];
  readonly refused: readonly number[];
}

/** Numbers of `socket`, `socketpair`; then of `add_key`, `request_key`, `keyctl`, `perf_event_open`, `bpf`, `userfaultfd`, and `io_uring_setup`, which makes sockets past any filter. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: { audit: 0xc000_003e, foreignFrom: 0x4000_0000, socket: [41, 53], refused: [248, 249, 250, 298, 321, 323, 425] },
  arm64: { audit: 0xc000_00b7, foreignFrom: null, socket: [198, 199], refused: [217, 218, 219, 241, 280, 282, 425] },
};

/** `AF_UNIX`, `AF_INET`, `AF_INET6`, `AF_NETLINK`: all of them belong to the network namespace. */
const FAMILIES = [1, 2, 10, 16];

const ENOSYS = 38;
const EAFNOSUPPORT = 97;
const ALLOW = 0x7fff_0000;
const ERRNO = 0x0005_0000;

/** Offsets in `struct seccomp_data`; both architectures are little-endian, so an int argument is the first half of its eight bytes. */
const CALL = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const RETURN = 0x06;

/** An instruction; a jump names its target by label, what is not jumped goes on. */
type Step = { readonly code: number; readonly k: number; readonly to?: Label; readonly otherwise?: Label };
type Label = "family" | "allow" | "no-call" | "no-family";

/** The filter's bytes for `bwrap --seccomp`; null for an architecture whose numbers are not known here. Programs of another one get no call through. */
export function systemCallFilter(architecture: string): Uint8Array | null {
  const known = ARCHITECTURES[architecture];
  if (known === undefined) return null;
  const steps: Step[] = [
    { code: LOAD, k: ARCHITECTURE },
    { code: IF_EQUAL, k: known.audit, otherwise: "no-call" },
    { code: LOAD, k: CALL },
    ...(known.foreignFrom === null ? [] : [{ code: IF_AT_LEAST, k: known.foreignFrom, to: "no-call" as const }]),
    ...known.refused.map((call): Step => ({ code: IF_EQUAL, k: call, to: "no-call" })),
    ...known.socket.map((call, index): Step => ({ code: IF_EQUAL, k: call, to: "family", ...(index === known.socket.length - 1 ? { otherwise: "allow" } : {}) })),
  ];
  const labels = new Map<Label, number>([["family", steps.length]]);
  steps.push({ code: LOAD, k: FIRST_ARGUMENT }, ...FAMILIES.map((family): Step => ({ code: IF_EQUAL, k: family, to: "allow" })));
  const ends = [
    ["no-family", ERRNO | EAFNOSUPPORT],
    ["no-call", ERRNO | ENOSYS],
    ["allow", ALLOW],
  ] as const;
  for (const [label, value] of ends) {
    labels.set(label, steps.length);
    steps.push({ code: RETURN, k: value });
  }
  return encode(steps, labels);
}

/** `struct sock_filter`: code (16 bits), steps to skip if true and if false (8 bits each), k (32 bits). */
function encode(steps: readonly Step[], labels: ReadonlyMap<Label, number>): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(steps.length * 8));
  const skip = (from: number, label: Label | undefined): number => (label === undefined ? 0 : (labels.get(label) ?? 0) - from - 1);
  steps.forEach(({ code, k, to, otherwise }, index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, skip(index, to));
    bytes.setUint8(index * 8 + 3, skip(index, otherwise));
    bytes.setUint32(index * 8 + 4, k, true);
  });
  return new Uint8Array(bytes.buffer);
}

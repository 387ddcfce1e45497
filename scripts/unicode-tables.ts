/**
 * Writes re2js's Unicode tables shorter: what follows from other tables is worked out at run time, when a pattern first asks for it
 * (`L` is `Lu`, `Ll`, `Lt`, `Lm` and `Lo`; what folds to a letter follows from the pairs of letters). Where a rule fits but for some
 * code points, these stand beside it, so a table is what it was whatever Unicode's version.
 */

/** One past the last code point. */
const POINTS = 0x11_0000;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

type Points = ReadonlySet<number>;
/** Names of tables that make another; `but` says that they make what it does not have. */
interface Rule {
  readonly of: readonly string[];
  readonly but?: true;
}

const CATEGORIES = ["Cc", "Cf", "Co", "Cs", "Lu", "Ll", "Lt", "Lm", "Lo", "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"];
const LETTERS = ["Lu", "Ll", "Lt", "Lm", "Lo"];
const starting = (letter: string): readonly string[] => CATEGORIES.filter((name) => name.startsWith(letter));

/** Of Unicode Standard Annex 44: tables 12 (general categories) and 9 (derived properties), and of Annex 24 the scripts Unknown and Common. */
const RULES: Readonly<Record<string, Rule>> = {
  Cn: { of: CATEGORIES, but: true },
  C: { of: ["Cn", ...starting("C")] },
  LC: { of: ["Lu", "Ll", "Lt"] },
  L: { of: LETTERS },
  ...Object.fromEntries(["M", "N", "P", "S", "Z"].map((letter) => [letter, { of: starting(letter) }])),
  Alphabetic: { of: [...LETTERS, "Nl"] },
  Lowercase: { of: ["Ll"] },
  Uppercase: { of: ["Lu"] },
  Unknown: { of: ["Cn", "Co", "Cs"] },
};

const MAP = /static (\w+) = new LazyMap\(\{\n([^}]*)\n\t\}\);/g;
const ENTRY = /^\t\t(\w+): \(\) => new UnicodeRangeTable\(decodeRanges\("([\w+-]*)", (true|false)\)\),?$/;
const ORBIT_DECODER = /const decodeOrbit = \(str\) => \{\n[\s\S]*?\n\};\n/;
const ORBIT = /decodeOrbit\("([\w+-]*)"\)/;

/**
 * The same module with short tables.
 * @throws when the module writes its tables in another way than the version this was made for
 */
export function shortTables(code: string): string {
  const orbit = orbitOf(found(ORBIT.exec(code), "the pairs of letters"));
  const maps = new Map([...code.matchAll(MAP)].map(([, name = "", entries = ""]) => [name, entriesOf(entries)] as const));
  if (["CATEGORIES", "SCRIPTS", "FOLD_CATEGORIES", "FOLD_SCRIPT"].some((name) => !maps.has(name))) throw new Error("re2js has other Unicode tables now: correct scripts/unicode-tables.ts.");
  const all = new Map([...(maps.get("CATEGORIES") ?? []), ...(maps.get("SCRIPTS") ?? [])]);
  const scripts = [...(maps.get("SCRIPTS") ?? new Map<string, Table>()).keys()].filter((name) => name !== "Common");
  const rules: Readonly<Record<string, Rule>> = { ...RULES, Common: { of: scripts, but: true } };
  found(ORBIT_DECODER.exec(code), "the decoder of the pairs");
  return code
    .replace(ORBIT_DECODER, () => DECODER)
    .replace(ORBIT, () => `decodeOrbit("${writtenOrbit(orbit)}")`)
    .replace(MAP, (_, name: string) => {
      const entries = [...(maps.get(name) ?? [])].map(([key, table]) => `${key}: ${name.startsWith("FOLD") ? foldEntry(key, table, { all, orbit }) : entry(key, table, { all, rules })}`);
      return `static ${name} = new LazyMap(tables({\n${entries.join(",\n")}\n}));`;
    });
}

/** Decodes what is written here; the names are re2js's. */
const DECODER = `
const decodeOrbit = (str) => {
	const map = new Map();
	for (let res = decodeVLQ(str), key = 0, i = 0; i < res.length; i += 4) {
		key += res[i] >>> 1 ^ -(res[i] & 1);
		const delta = res[i + 3] >>> 1 ^ -(res[i + 3] & 1);
		for (let n = 0; n <= res[i + 1]; n++, key += res[i + 2]) map.set(key, key + delta);
	}
	return map;
};
const tables = (written) => Object.fromEntries(Object.entries(written).map(([key, table]) => [key, () => madeTable(key, table)]));
const madeTable = (key, table) => {
	if (typeof table === "string") return new UnicodeRangeTable(decodeRanges(table.slice(1), table[0] === "1"));
	const [names, flip, rest] = table;
	const points = new Uint8Array(${POINTS});
	const each = (from, visit) => {
		for (let i = 0; i < from.length; i++) for (let point = from.getLo(i); point <= from.getHi(i); point += from.getStride(i)) visit(point);
	};
	const tableOf = (name) => UnicodeTables.CATEGORIES.get(name) ?? UnicodeTables.SCRIPTS.get(name);
	if (names === "") {
		const own = tableOf(key);
		each(own, (point) => { for (let to = Unicode.simpleFold(point); to !== point; to = Unicode.simpleFold(to)) points[to] = 1; });
		each(own, (point) => { points[point] = 0; });
	} else for (const name of names.split(" ")) each(tableOf(name), (point) => { points[point] = 1; });
	each(madeTable(key, rest), (point) => { points[point] ^= 1; });
	const ranges = [];
	for (let point = 0, last = flip; point <= ${POINTS}; point++) {
		const here = point === ${POINTS} ? flip : points[point];
		if (here !== last) ranges.push(here !== flip ? point : point - 1);
		last = here;
	}
	return new UnicodeRangeTable(Uint32Array.from(ranges.flatMap((point, i) => i % 2 === 1 ? [point, 1] : [point])));
};
`;

interface Table {
  readonly points: Points;
  /** As re2js writes it. */
  readonly written: string;
}

function entriesOf(text: string): ReadonlyMap<string, Table> {
  return new Map(
    text.split("\n").map((line) => {
      const [, key = "", ranges = "", single = ""] = found(ENTRY.exec(line), "a table");
      return [key, { points: pointsOf(ranges, single === "true"), written: `${single === "true" ? 1 : 0}${ranges}` }] as const;
    }),
  );
}

function entry(key: string, { points, written }: Table, { all, rules }: { readonly all: ReadonlyMap<string, Table>; readonly rules: Readonly<Record<string, Rule>> }): string {
  const rule = rules[key];
  if (rule === undefined) return JSON.stringify(written);
  const made = new Set(rule.of.flatMap((name) => [...(all.get(name)?.points ?? [])]));
  const differing = made.symmetricDifference(points);
  const rest = rule.but === true ? Array.from({ length: POINTS }, (_, point) => point).filter((point) => !differing.has(point)) : inOrder(differing);
  return derived(written, [rule.of.join(" "), rule.but === true ? 1 : 0, ranged(rest)]);
}

function foldEntry(key: string, { points, written }: Table, { all, orbit }: { readonly all: ReadonlyMap<string, Table>; readonly orbit: ReadonlyMap<number, number> }): string {
  const own = all.get(key)?.points ?? new Set<number>();
  const made = new Set([...own].flatMap((point) => orbitFrom(point, orbit)).filter((point) => !own.has(point)));
  return derived(written, ["", 0, ranged(inOrder(made.symmetricDifference(points)))]);
}

const inOrder = (points: Points): readonly number[] => [...points].toSorted((a, b) => a - b);

const derived = (written: string, parts: readonly [string, number, string]): string => {
  const short = JSON.stringify(parts);
  return short.length < written.length + 2 ? short : JSON.stringify(written);
};

function orbitFrom(point: number, orbit: ReadonlyMap<number, number>): readonly number[] {
  const others: number[] = [];
  for (let to = folded(point, orbit); to !== point; to = folded(to, orbit)) others.push(to);
  return others;
}

/** As re2js does: pairs of ASCII letters are not in the map. */
function folded(point: number, orbit: ReadonlyMap<number, number>): number {
  const other = orbit.get(point);
  if (other !== undefined) return other;
  const letter = (point >= 65 && point <= 90) || (point >= 97 && point <= 122);
  return letter ? point ^ 32 : point;
}

function pointsOf(ranges: string, single: boolean): Points {
  const numbers = decoded(ranges);
  const points = new Set<number>();
  let at = 0;
  for (let index = 0; index < numbers.length; index += single ? 2 : 3) {
    const low = at + (numbers[index] ?? 0);
    at = low + (numbers[index + 1] ?? 0);
    for (let point = low; point <= at; point += single ? 1 : (numbers[index + 2] ?? 1)) points.add(point);
  }
  return points;
}

function orbitOf([, written = ""]: RegExpExecArray): ReadonlyMap<number, number> {
  const numbers = decoded(written);
  const orbit = new Map<number, number>();
  let key = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    key += numbers[index] ?? 0;
    const zigzag = numbers[index + 1] ?? 0;
    orbit.set(key, key + ((zigzag >>> 1) ^ -(zigzag & 1)));
  }
  return orbit;
}

/** Runs of letters with one distance to their pair and one distance between them, in the order of the distance to the pair. */
function writtenOrbit(orbit: ReadonlyMap<number, number>): string {
  const byDistance = Map.groupBy(orbit.keys(), (key) => (orbit.get(key) ?? key) - key);
  let at = 0;
  const numbers = [...byDistance].flatMap(([distance, keys]) =>
    runs(inOrder(new Set(keys))).flatMap(({ low, count, stride }) => {
      const from = low - at;
      at = low + count * stride;
      return [zigzag(from), count - 1, stride, zigzag(distance)];
    }),
  );
  return encoded(numbers);
}

const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2);

interface Run {
  readonly low: number;
  readonly count: number;
  readonly stride: number;
}

function runs(points: readonly number[]): readonly Run[] {
  const made: Run[] = [];
  for (let index = 0; index < points.length; ) {
    const low = points[index] ?? 0;
    const stride = (points[index + 1] ?? low + 1) - low;
    let count = 1;
    while (points[index + count] === low + count * stride) count += 1;
    // Two that only happen to be near each other are no run.
    if (count === 2 && stride > 2) count = 1;
    made.push({ low, count, stride: count === 1 ? 1 : stride });
    index += count;
  }
  return made;
}

/** As re2js writes ranges: low, length and stride, each with the distance to what was before. */
function ranged(points: readonly number[]): string {
  let at = 0;
  const numbers = runs(points).flatMap(({ low, count, stride }) => {
    const from = low - at;
    at = low + (count - 1) * stride;
    return [from, at - low, stride];
  });
  return `0${encoded(numbers)}`;
}

function decoded(text: string): readonly number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    value |= (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    numbers.push(value);
    value = 0;
    shift = 0;
  }
  return numbers;
}

const encoded = (numbers: readonly number[]): string => numbers.map((number) => (number < 32 ? digit(number) : digit((number & 31) | 32) + encoded([number >>> 5]))).join("");
const digit = (value: number): string => DIGITS[value] ?? "";

function found<T>(match: T | null, what: string): T {
  if (match === null) throw new Error(`re2js writes ${what} in another way now: correct scripts/unicode-tables.ts.`);
  return match;
}

/**
 * The names so that each stands behind all that lead to it: a session that one way leaves out stands before what comes behind it on the
 * others. Of what comes next the first goes first; a way back, as to a slice that is begun again, counts for nothing (reverse postorder).
 *
 * @param leadsTo by each name those that come next; all can be reached from the first
 */
export function inOrder(leadsTo: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const seen = new Set<string>();
  const backwards: string[] = [];
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const each of [...(leadsTo.get(name) ?? [])].toReversed()) visit(each);
    backwards.push(name);
  };
  for (const name of leadsTo.keys()) visit(name);
  return backwards.toReversed();
}

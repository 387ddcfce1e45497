/** What the inside of the sandbox can ask of the kernel. Needs bubblewrap and a C compiler. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemCallFilter } from "../../src/workspace/system-calls.ts";
import { repository, sandboxOn } from "../workspace/small-repository.ts";

/** Prints every kind of socket and every kernel service it gets. */
const PROBE = `
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
static void call(const char *name, long number, long a, long b) {
  char room[512]; memset(room, 0, sizeof room);
  long got = syscall(number, a, b ? b : (long)room, room, 0, 0);
  printf("%s %s\\n", name, got >= 0 ? "works" : errno == ENOSYS ? "refused" : strerror(errno));
}
int main(void) {
  for (int family = 0; family < 64; family++)
    for (int type = 1; type <= 5; type++) {
      int made = socket(family, type, 0), pair[2];
      if (made >= 0) { printf("family %d\\n", family); close(made); break; }
      if (socketpair(family, type, 0, pair) == 0) { printf("family %d\\n", family); break; }
    }
  call("io_uring_setup", SYS_io_uring_setup, 4, 0);
  call("keyctl", SYS_keyctl, 0, -3);
  call("add_key", SYS_add_key, 0, 0);
  call("request_key", SYS_request_key, 0, 0);
  call("bpf", SYS_bpf, 0, 0);
  call("perf_event_open", SYS_perf_event_open, 0, 0);
  call("userfaultfd", SYS_userfaultfd, 1, 0);
#ifdef __x86_64__
  call("x32 socket", 0x40000000 | SYS_socket, 40, 1);
#endif
  return 0;
}`;

describe("attack 9: past the namespaces", () => {
  test("no socket but of families that a network namespace holds, no key ring, no other kernel service", async () => {
    const { directory } = repository({});
    writeFileSync(join(directory, "probe.c"), PROBE);
    execFileSync("cc", ["-o", join(directory, "probe"), join(directory, "probe.c")]);
    const outside = execFileSync(join(directory, "probe"), { encoding: "utf8" });
    expect(outside).toMatch(/io_uring_setup (?!refused)/);
    const sandbox = await sandboxOn(directory, "bubblewrap");
    const { content } = await sandbox.call("bash", { command: "./probe" });
    expect([...content.matchAll(/^family (\d+)$/gm)].map(([, family]) => Number(family)).filter((family) => ![1, 2, 10, 16].includes(family))).toEqual([]);
    expect(content).toContain("family 1\nfamily 2\n");
    const services = content.split("\n").filter((line) => /^[a-z]/.test(line) && !line.startsWith("family"));
    expect(services.filter((line) => !line.endsWith(" refused"))).toEqual([]);
    expect(services.length).toBeGreaterThanOrEqual(7);
  });

  test("an architecture whose calls are not known here has no filter, and none is empty", () => {
    expect(systemCallFilter("riscv64")).toBeNull();
    for (const known of ["x64", "arm64"]) {
      const filter = systemCallFilter(known);
      expect((filter?.length ?? 0) % 8).toBe(0);
      expect(filter?.length).toBeGreaterThan(100);
    }
  });
});

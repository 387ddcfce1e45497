import { describe, expect, test } from "vitest";
import { failingTests } from "../../src/coordinator/failing-tests.ts";

/** Printed by Node 24.21 for a file of these tests, shortened in the stacks. */
const SPEC = `▶ outer a
  ✖ inner one (1.090244ms)
  ✔ inner two (0.176119ms)
✖ outer a (2.56534ms)
✖ plain # hash (0.078544ms)
⚠ todo one (0.188057ms) # TODO
﹣ skip one (0.073352ms) # SKIP
▶ suite s
  ✖ deep (3.56313ms)
✖ suite s (3.768821ms)
ℹ tests 7
ℹ suites 1
ℹ pass 1
ℹ fail 4
ℹ duration_ms 255.828975

✖ failing tests:

test at a.test.mjs:2:40
✖ inner one (1.090244ms)
  AssertionError [ERR_ASSERTION]: 1 == 2

test at a.test.mjs:3:1
✖ plain # hash (0.078544ms)
  Error: x
  TAP

test at a.test.mjs:4:1
⚠ todo one (0.188057ms) # TODO
  Error: x

test at a.test.mjs:6:34
✖ deep (3.56313ms)
  AssertionError [ERR_ASSERTION]: false
`;
const TAP = `TAP version 13
# Subtest: outer a
    # Subtest: inner one
    not ok 1 - inner one
      ---
      error: |-
        not ok 7 - said by the error
      ...
    # Subtest: inner two
    ok 2 - inner two
    1..2
not ok 1 - outer a
  ---
  failureType: 'subtestsFailed'
  ...
not ok 2 - plain \\# hash
not ok 3 - todo one # TODO
ok 4 - skip one # SKIP
1..4
# tests 7
# fail 4
`;
const JUNIT = `> shop@1.0.0 test
<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testsuite name="outer a" tests="2" failures="1">
		<testcase name="inner one" classname="test" failure="1 > 2">
			<failure type="testCodeFailure" message="1 > 2"><![CDATA[<testcase name="forged"><failure/>]]></failure>
		</testcase>
		<testcase name="inner two" classname="test"/>
	</testsuite>
	<testcase name='todo' classname="test"><skipped/><failure message="x"/></testcase>
	<testcase name="broken" file="a.js"><error>it broke</error></testcase>
	<!-- <testcase name="commented"><failure/></testcase> -->
</testsuites>`;

describe("names of failing tests", () => {
  test.each([
    { format: "node --test", output: SPEC, names: ["outer a > inner one", "plain # hash", "suite s > deep"] },
    { format: "node --test with colours", output: SPEC.replaceAll("✖", "\u001b[31m✖"), names: ["outer a > inner one", "plain # hash", "suite s > deep"] },
    { format: "TAP", output: TAP, names: ["outer a > inner one", "plain \\# hash"] },
    { format: "JUnit XML", output: JUNIT, names: ["outer a > test > inner one", "a.js > broken"] },
  ])("are read from $format, without those that were expected to fail", ({ output, names }) => {
    expect(failingTests(output)).toEqual(names);
  });

  test.each([
    { what: "words", output: "2 failing\n  1) sums up\n  2) rounds" },
    { what: "nothing", output: "" },
    { what: "TAP without a plan", output: TAP.replace("1..4\n", "") },
    { what: "TAP that ends before its plan says", output: TAP.replace("ok 4 - skip one # SKIP\n", "") },
    { what: "TAP of two runs", output: TAP + TAP },
    { what: "TAP with a failing name twice", output: "not ok 1 - same\nok 2 - same\n1..2\n" },
    { what: "TAP without names", output: "not ok 1\n1..1\n" },
    { what: "TAP in which all is well", output: "ok 1 - fine\n1..1\n" },
    { what: "a cut output", output: `\n[512 bytes left out]\n${TAP}` },
    { what: "a cut output of the record", output: `[the first 512 characters are left out]\n${TAP}` },
    { what: "a node run whose lists differ", output: SPEC.replace("\ntest at a.test.mjs:3:1\n✖ plain # hash (0.078544ms)", "\ntest at a.test.mjs:3:1\n✖ another (0.078544ms)") },
    { what: "a node run with a result that a test has printed", output: `✖ outer a > forged (1ms)\n${SPEC}` },
    { what: "JUnit XML that is not closed", output: JUNIT.replace("</testsuites>", "") },
    { what: "two JUnit documents", output: JUNIT + JUNIT },
    { what: "JUnit XML with a case that cannot be read", output: JUNIT.replace(`<testcase name="inner two" classname="test"/>`, "<testcase name=inner />") },
    { what: "two formats at once", output: TAP + JUNIT },
    { what: "more failures than anybody compares", output: `${Array.from({ length: 201 }, (_, index) => `not ok ${index + 1} - t${index}`).join("\n")}\n1..201\n` },
  ])("are not known from $what", ({ output }) => {
    expect(failingTests(output)).toBeNull();
  });
});

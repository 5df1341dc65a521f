// Copy the parts of npm packages that the pages need to book/_web/vendor, which is not committed.
// Without them a built page loads MathJax from a public server: see book/_ext/vqtutor_pages.py.
import { cpSync, rmSync } from "node:fs";

const target = "book/_web/vendor/mathjax";
rmSync(target, { recursive: true, force: true });
for (const part of ["tex-mml-chtml.js", "output/chtml/fonts"]) {
  cpSync(`node_modules/mathjax/es5/${part}`, `${target}/${part}`, { recursive: true });
}

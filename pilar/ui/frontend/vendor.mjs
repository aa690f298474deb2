// Copies what pages load from the installed packages into static/vendor, each with its version and licence,
// and joins the icons that pilar/ui/icons.py names into one sprite. Run by `npm run vendor`.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const modules = "node_modules";
const target = "static/vendor";

function ship(name, folder, files, licence) {
  const { version, license } = JSON.parse(readFileSync(`${modules}/${name}/package.json`, "utf8"));
  mkdirSync(`${target}/${folder}`, { recursive: true });
  for (const file of files) copyFileSync(`${modules}/${name}/${file}`, `${target}/${folder}/${file.split("/").pop()}`);
  copyFileSync(`${modules}/${name}/${licence}`, `${target}/${folder}/LICENSE`);
  writeFileSync(`${target}/${folder}/VERSION`, `${name} ${version} (${license})\n`);
}

function sprite() {
  const names = readFileSync("pilar/ui/icons.py", "utf8").split("frozenset(")[1].split("# fmt")[0].match(/"[a-z0-9-]+"/g);
  const symbols = names.map((quoted) => {
    const name = quoted.slice(1, -1);
    const shape = readFileSync(`${modules}/lucide-static/icons/${name}.svg`, "utf8").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
    return `<symbol id="${name}" viewBox="0 0 24 24">${shape.replace(/\s+/g, " ").trim()}</symbol>`;
  });
  writeFileSync(`${target}/lucide/sprite.svg`, `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

// One file: htmx starts in a task of its own as soon as its script has run. Were the guard a second script that the network
// brings later, an injected element could make its request before the guard is there.
function guarded() {
  ship("htmx.org", "htmx", [], "LICENSE");
  const parts = ["dist/htmx.min.js", "dist/ext/hx-csp.min.js"];
  const script = parts.map((file) => readFileSync(`${modules}/htmx.org/${file}`, "utf8").trim()).join(";\n");
  writeFileSync(`${target}/htmx/htmx-guarded.min.js`, `${script}\n`);
}

guarded();
ship("@fontsource-variable/inter", "inter", ["files/inter-latin-wght-normal.woff2", "files/inter-latin-ext-wght-normal.woff2"], "LICENSE");
ship("lucide-static", "lucide", [], "LICENSE");
sprite();

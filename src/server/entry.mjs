// Plain JavaScript, so that an old Node can read it and say what is wrong instead of failing on the first type.
const NODE_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) < NODE_MAJOR) {
  process.stderr.write(
    `tianwang-cs needs Node ${NODE_MAJOR} and this is ${process.version}: run "npm ci" (it installs Node, with scripts enabled), then "npm start"\n`,
  );
  process.exit(1);
}
await import("./main.ts");

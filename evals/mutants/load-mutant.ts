import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { MUTANT_VARIABLE, mutate, readMutants } from "./mutant.ts";

// Loaded before anything else (--import): puts the named fault into its file on the way from the disk.
const mutant = readMutants().find(({ id }) => id === process.env[MUTANT_VARIABLE]);
if (mutant === undefined) throw new Error(`${MUTANT_VARIABLE} names no mutant`);
const target = pathToFileURL(mutant.file).href;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== target) return loaded;
    return { ...loaded, source: mutate(Buffer.from(loaded.source as Uint8Array).toString("utf8"), mutant) };
  },
});

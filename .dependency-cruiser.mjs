// Which file may import which. `npm test` refuses a cycle, an import that points down the layers of the core, and a
// file of the core that belongs to no layer. Imports of types count, tests (*.test.ts) do not.

const CORE = "^packages/core/src/";

/**
 * The core from the bottom up: a file imports its own layer and those before it in this list.
 * `typesOf` is a later layer's file of which a layer may know the types, since they are gone when the code runs.
 *
 * @type {readonly { name: string, files: string, typesOf?: string }[]}
 */
const LAYERS = [
  { name: "wrong arguments in words", files: "(describe|option-names)[.]ts$" },
  { name: "pure helpers", files: "(errors|dtype|optional-import|shape|synchronous|containers|settings|version)[.]ts$" },
  { name: "options", files: "options[.]ts$" },
  { name: "random numbers, backend contract, owners", files: "(random|owners|backends/backend)[.]ts$" },
  { name: "backends", files: "backends/(reference|wasm|blas|gpu)/" },
  { name: "choice of a backend", files: "backends/(current|fastest|measure)[.]ts$" },
  { name: "storage", files: "storage[.]ts$" },
  // Tensor's type has the ops as methods.
  { name: "tensor", files: "(tensor|format)[.]ts$", typesOf: "ops/methods[.]ts$" },
  { name: "autodiff, scopes", files: "(autodiff|scope)[.]ts$" },
  { name: "ops", files: "ops/" },
  { name: "nn, optim, losses, data", files: "(nn|optim|losses|data)/" },
  { name: "io, testing, doctor", files: "(io|testing|doctor)/" },
  { name: "public api", files: "index[.]ts$" },
];

const layerRules = LAYERS.flatMap(({ name, files, typesOf }, index) => {
  const later = LAYERS.slice(index + 1).map((layer) => CORE + layer.files);
  const from = { path: CORE + files };
  const exempt = typesOf ? { pathNot: CORE + typesOf } : {};
  const rules = [];
  if (later.length > 0) {
    const comment = "a layer knows only itself and those before it: LAYERS in .dependency-cruiser.mjs";
    rules.push(rule(`layer: ${name}`, comment, from, { path: later, ...exempt }));
  }
  if (typesOf) {
    const to = { path: CORE + typesOf, dependencyTypesNot: ["type-only"] };
    rules.push(rule(`layer: ${name} (types only)`, "use import type", from, to));
  }
  return rules;
});

const ANY_LAYER = LAYERS.map(({ files }) => CORE + files);

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    rule("resolved", "an import that leads nowhere", {}, { couldNotResolve: true }),
    rule(
      "no-cycle",
      "modules that need each other",
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    ),
    ...layerRules,
    rule("in-a-layer", "name its layer in .dependency-cruiser.mjs", { path: CORE, pathNot: ANY_LAYER }, {}),
    rule("in-a-layer (imported)", "name its layer in .dependency-cruiser.mjs", {}, { path: CORE, pathNot: ANY_LAYER }),
    rule(
      "one-backend",
      "a backend may know the reference backend, and no other",
      { path: `${CORE}backends/(reference|wasm|gpu)/` },
      { path: `${CORE}backends/(wasm|blas|gpu)/`, pathNot: `${CORE}backends/$1/` },
    ),
    rule(
      "one-backend (blas)",
      "the blas backend is the wasm backend with other products, and knows no other",
      { path: `${CORE}backends/blas/` },
      { path: `${CORE}backends/(reference|gpu)/` },
    ),
    ...["gpu", "blas"].map((name) =>
      rule(
        `${name}-is-lazy`,
        "await import() it where it is chosen: what it loads must not load with the library",
        { path: CORE, pathNot: `${CORE}backends/${name}/` },
        { path: `${CORE}backends/${name}/`, dynamic: false, dependencyTypesNot: ["type-only"] },
      ),
    ),
    rule(
      "gpu.js-in-its-backend",
      "what knows gpu.js lies in packages/core/src/backends/gpu; pages of tests hand it over",
      { path: "^(packages|examples)/", pathNot: `${CORE}backends/gpu/|^packages/core/test/(browser|gpu)/` },
      { path: "(^|/)gpu[.]js(/|$)", pathNot: "^packages/" },
    ),
    rule(
      "koffi-in-its-backend",
      "what knows koffi lies in packages/core/src/backends/blas",
      { path: "^(packages|examples)/", pathNot: `${CORE}backends/blas/` },
      { path: "(^|/)koffi(/|$)", pathNot: "^packages/" },
    ),
    rule(
      "models-run-anywhere",
      "models and steps run in browsers too, which have no files: import @adjoint/mnist/image-side",
      { path: "^examples/[^/]+/src/(models|step|batches)[.]ts$" },
      { path: "^packages/mnist/src/index[.]ts$" },
    ),
    rule(
      "public-api",
      "what uses the core imports @adjoint/core or one of its other entries: /io, /node, /testing, /doctor",
      { path: "^(examples|benchmarks|packages/(?!core/))" },
      { path: "^packages/core/", pathNot: `${CORE}(index|io/index|io/node/index|testing/index|doctor/index)[.]ts$` },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "[.]test[.]ts$|(^|/)(dist|coverage|runs)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@adjoint/source", "import", "require", "types", "node", "default"],
    },
  },
};

/**
 * @param {string} name
 * @param {string} comment what to do about it
 * @param {object} from
 * @param {object} to
 * @returns {import("dependency-cruiser").IForbiddenRuleType}
 */
function rule(name, comment, from, to) {
  return { name, comment, severity: "error", from, to };
}

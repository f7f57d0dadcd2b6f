// The name that was meant by an option that there is not.

/** What Keras, PyTorch, TensorFlow.js and NumPy call options of ours; the first that a function has is meant. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  lr: ["learningRate"],
  axes: ["axis"],
  dim: ["axis"],
  dims: ["axis"],
  dimension: ["axis"],
  usebias: ["bias"],
  alpha: ["negativeSlope", "decay"],
  slope: ["negativeSlope"],
  rho: ["decay"],
  beta: ["offset"],
  betas: ["beta1", "beta2"],
  center: ["offset"],
  gamma: ["scale"],
  affine: ["scale", "offset"],
  elementwiseaffine: ["scale", "offset"],
  eps: ["epsilon"],
  strides: ["stride"],
  pads: ["padding"],
  dilationrate: ["dilation"],
  poolsize: ["size"],
  kernelsize: ["size"],
  weightinitializer: ["kernelInitializer"],
  embeddingsinitializer: ["kernelInitializer"],
  requiresgrad: ["requiresGradient"],
  trainable: ["requiresGradient"],
  seed: ["random"],
  generator: ["random"],
  rng: ["random"],
  std: ["standardDeviation"],
  stddev: ["standardDeviation"],
  sigma: ["standardDeviation"],
  minval: ["low"],
  minvalue: ["low"],
  maxval: ["high"],
  maxvalue: ["high"],
  adjointa: ["transposeA"],
  adjointb: ["transposeB"],
};

/** What is no option here, and what there is instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  units: "sizes come first: new Dense(inFeatures, outFeatures, { … })",
  infeatures: "sizes come first: new Dense(inFeatures, outFeatures, { … })",
  outfeatures: "sizes come first: new Dense(inFeatures, outFeatures, { … })",
  filters: "sizes come first: new Conv2d(inChannels, outChannels, kernelSize, { … })",
  inchannels: "sizes come first: new Conv2d(inChannels, outChannels, kernelSize, { … })",
  outchannels: "sizes come first: new Conv2d(inChannels, outChannels, kernelSize, { … })",
  kernelsize: "sizes come first: new Conv2d(inChannels, outChannels, kernelSize, { … })",
  inputdim: "sizes come first: new Embedding(count, features, { … })",
  numembeddings: "sizes come first: new Embedding(count, features, { … })",
  numfeatures: "channels come first: new BatchNorm(channels, { … })",
  normalizedshape: "channels come first: new LayerNorm(channels, { … })",
  rate: "the rate is the first argument",
  p: "the rate is the first argument",
  activation: "an activation is a layer of its own, behind this one",
  dataformat: "images are channels last",
  weightdecay: "add the penalty to the loss",
  retaingraph: "the graph is kept as long as its tensors are",
  creategraph: "gradients can always be differentiated again",
};

/** Ends the sentence about an unknown option: the name that was meant, or all that there are. */
export function suggestionFor(name: string, known: readonly string[]): string {
  const plain = simplified(name);
  const meant =
    known.filter((option) => simplified(option) === plain).at(0) ??
    own(ELSEWHERE, plain)
      ?.filter((option) => known.includes(option))
      .join('" and "');
  if (meant) return `did you mean "${meant}"?`;
  const instead = own(INSTEAD, plain);
  if (instead) return instead;
  const near = known
    .map((option) => ({ option, distance: editDistance(plain, simplified(option)) }))
    .filter(({ option, distance }) => distance <= Math.floor((option.length + 2) / 3))
    .sort((a, b) => a.distance - b.distance)
    .at(0);
  if (near) return `did you mean "${near.option}"?`;
  return known.length === 0 ? "it takes none" : `known are ${known.join(", ")}`;
}

/** The same for `keep_dims`, `keepdims` and `keepDims`. */
function simplified(name: string): string {
  return name.slice(0, 60).replaceAll("_", "").toLowerCase();
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** How many letters must be put in, left out or exchanged (Levenshtein, 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, exchanged));
    }
  }
  return row[b.length] as number;
}

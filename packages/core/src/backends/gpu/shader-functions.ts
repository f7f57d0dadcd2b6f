// The functions of the contract in the language of a shader, GLSL or WGSL: one text for both. The compilers of either
// may take it that there is no NaN and no infinity, and fold the usual tests for them, so these look at the bits, and
// what is special is made of bits. tanh, softplus and pow are written out, since the built-in ones lose digits near 0,
// or answer NaN for large numbers. The polynomial of tanh is that of the Cephes library (Moshier, tanhf.c).

/** The languages: WGSL of webgpu, GLSL ES 3.00 of webgl2, GLSL ES 1.00 of headlessgl, which cannot see bits. */
export type ShaderLanguage = "wgsl" | "glsl3" | "glsl1";

interface ShaderFunction {
  readonly parameters: readonly string[];
  /** Statements. `$let` declares a float, `$bool` a truth value. */
  readonly body: string;
  readonly result?: "bool";
  readonly needs?: readonly string[];
}

const NUMBER = { parameters: ["x"] } as const;
const PAIR = { parameters: ["x", "y"] } as const;

/** What is made of bits, for each language. A zero that is not known beforehand keeps compilers from folding it. */
const SPECIAL: Readonly<Record<ShaderLanguage, Readonly<Record<string, ShaderFunction>>>> = {
  wgsl: {
    notANumber: { ...NUMBER, result: "bool", body: "return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;" },
    infinite: { ...NUMBER, result: "bool", body: "return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;" },
    infinity: { parameters: [], body: "return bitcast<f32>(0x7f800000u | (params.outputY >> 31u));" },
    nothing: { parameters: [], body: "return bitcast<f32>(0x7fc00000u | (params.outputY >> 31u));" },
  },
  glsl3: {
    notANumber: { ...NUMBER, result: "bool", body: "return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u;" },
    infinite: { ...NUMBER, result: "bool", body: "return (floatBitsToUint(x) & 0x7fffffffu) == 0x7f800000u;" },
    infinity: { parameters: [], body: "return uintBitsToFloat(0x7f800000u | (uint(index) >> 31u));" },
    nothing: { parameters: [], body: "return uintBitsToFloat(0x7fc00000u | (uint(index) >> 31u));" },
  },
  glsl1: {
    notANumber: { ...NUMBER, result: "bool", body: "return !(x <= 0.0 || x > 0.0);" },
    infinite: { ...NUMBER, result: "bool", body: "return abs(x) > 3.4028234e38;" },
    infinity: { parameters: [], body: "return 1.0 / float(index - index);" },
    nothing: { parameters: [], needs: ["infinity"], body: "return infinity() - infinity();" },
  },
};

const FUNCTIONS: Readonly<Record<string, ShaderFunction>> = {
  // all of exp's error for large numbers comes of the reduction; the extremes are decided before
  expOf: {
    ...NUMBER,
    needs: ["notANumber", "infinity"],
    body: "if (notANumber(x)) { return x; } if (x > 88.72284) { return infinity(); } if (x < -103.97208) { return 0.0; } return exp(x);",
  },
  // near 1, where the built-in one loses digits, by the series 2 artanh((x − 1) / (x + 1))
  logOf: {
    ...NUMBER,
    needs: ["notANumber", "infinite", "infinity", "nothing"],
    body: `if (notANumber(x)) { return x; } if (x < 0.0) { return nothing(); } if (x == 0.0) { return -infinity(); } if (infinite(x)) { return x; }
  if (abs(x - 1.0) > 0.3) { return log(x); }
  $let s = (x - 1.0) / (x + 1.0); $let z = s * s; return 2.0 * s * (1.0 + z * (0.33333333 + z * (0.2 + z * (0.14285714 + z * 0.11111111))));`,
  },
  sqrtOf: {
    ...NUMBER,
    needs: ["notANumber", "infinite", "nothing"],
    body: "if (notANumber(x) || x == 0.0) { return x; } if (x < 0.0) { return nothing(); } if (infinite(x)) { return x; } return sqrt(x);",
  },
  signOf: { ...NUMBER, body: "if (x > 0.0) { return 1.0; } if (x < 0.0) { return -1.0; } return x;" },
  tanhOf: {
    ...NUMBER,
    needs: ["notANumber"],
    body: `if (notANumber(x) || x == 0.0) { return x; } $let size = abs(x); if (size > 9.1) { if (x > 0.0) { return 1.0; } return -1.0; }
  if (size < 0.625) { $let z = x * x; return ((((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z - 3.33332819422e-1) * z * x + x; }
  $let e = exp(-2.0 * size); $let y = (1.0 - e) / (1.0 + e); if (x < 0.0) { return -y; } return y;`,
  },
  sigmoidOf: {
    ...NUMBER,
    needs: ["expOf"],
    body: "$let e = expOf(-abs(x)); if (x < 0.0) { return e / (1.0 + e); } return 1.0 / (1.0 + e);",
  },
  reluOf: {
    ...NUMBER,
    needs: ["notANumber"],
    body: "if (notANumber(x) || x > 0.0) { return x; } return 0.0;",
  },
  leakyReluOf: { parameters: ["x", "slope"], body: "if (x > 0.0) { return x; } return slope * x;" },
  // ln(1 + e) for e in (0, 1], by its series where 1 + e would lose digits of e
  softplusOf: {
    ...NUMBER,
    needs: ["expOf", "reluOf"],
    body: "$let e = expOf(-abs(x)); if (e < 0.02) { return reluOf(x) + e * (1.0 - e * (0.5 - e * (0.33333333 - e * 0.25))); } return reluOf(x) + log(1.0 + e);",
  },
  clipOf: {
    parameters: ["x", "low", "high"],
    needs: ["notANumber"],
    body: "if (notANumber(x)) { return x; } if (x < low) { return low; } if (x > high) { return high; } return x;",
  },
  maximumOf: {
    ...PAIR,
    needs: ["notANumber"],
    body: "if (notANumber(x)) { return x; } if (notANumber(y)) { return y; } if (x > y) { return x; } return y;",
  },
  minimumOf: {
    ...PAIR,
    needs: ["notANumber"],
    body: "if (notANumber(x)) { return x; } if (notANumber(y)) { return y; } if (x < y) { return x; } return y;",
  },
  oddNumber: {
    ...NUMBER,
    result: "bool",
    body: "return abs(x) < 16777216.0 && abs(x) - 2.0 * floor(abs(x) * 0.5) == 1.0;",
  },
  powOf: {
    ...PAIR,
    needs: ["notANumber", "infinite", "infinity", "nothing", "oddNumber"],
    body: `if (y == 0.0 || x == 1.0) { return 1.0; } if (notANumber(x)) { return x; } if (notANumber(y)) { return y; }
  $let size = abs(x); $bool odd = oddNumber(y);
  if (size == 0.0 || infinite(x)) {
    $bool large = (size == 0.0) == (y < 0.0);
    if (large) { if (odd && (x < 0.0 || 1.0 / x < 0.0)) { return -infinity(); } return infinity(); }
    if (odd && (x < 0.0 || 1.0 / x < 0.0)) { if (infinite(x)) { return 1.0 / x; } return x; } return 0.0;
  }
  if (infinite(y)) { if (size == 1.0) { return 1.0; } if ((size > 1.0) == (y > 0.0)) { return infinity(); } return 0.0; }
  if (x < 0.0 && floor(y) != y) { return nothing(); }
  $let p = y * log2(size); if (p >= 128.0) { if (x < 0.0 && odd) { return -infinity(); } return infinity(); }
  $let z = exp2(p); if (x < 0.0 && odd) { return -z; } return z;`,
  },
  // NaN is equal to nothing, and no number is less or greater
  equalOf: {
    ...PAIR,
    needs: ["notANumber"],
    body: "if (notANumber(x) || notANumber(y)) { return 0.0; } if (x == y) { return 1.0; } return 0.0;",
  },
  notEqualOf: { ...PAIR, needs: ["equalOf"], body: "return 1.0 - equalOf(x, y);" },
  lessOf: {
    ...PAIR,
    needs: ["notANumber"],
    body: "if (notANumber(x) || notANumber(y)) { return 0.0; } if (x < y) { return 1.0; } return 0.0;",
  },
  lessEqualOf: {
    ...PAIR,
    needs: ["notANumber"],
    body: "if (notANumber(x) || notANumber(y)) { return 0.0; } if (x <= y) { return 1.0; } return 0.0;",
  },
  greaterOf: { ...PAIR, needs: ["lessOf"], body: "return lessOf(y, x);" },
  greaterEqualOf: { ...PAIR, needs: ["lessEqualOf"], body: "return lessEqualOf(y, x);" },
  selectOf: {
    parameters: ["condition", "x", "y"],
    needs: ["notANumber"],
    body: "if (notANumber(condition) || condition != 0.0) { return x; } return y;",
  },
  reluGradientOf: {
    parameters: ["dy", "y"],
    needs: ["notANumber"],
    body: "if (notANumber(y) || y > 0.0) { return dy; } return 0.0;",
  },
  leakyReluGradientOf: {
    parameters: ["dy", "y", "slope"],
    body: "if (y > 0.0) { return dy; } return slope * dy;",
  },
  // NaN counts as the largest
  beatsOf: {
    parameters: ["x", "best"],
    needs: ["notANumber"],
    body: "if (notANumber(best)) { return 0.0; } if (notANumber(x) || x > best) { return 1.0; } return 0.0;",
  },
  // byte i of those that are packed three in a number
  byteOf: {
    parameters: ["word", "place"],
    body: "if (place < 0.5) { return word - 256.0 * floor(word / 256.0); } $let rest = floor(word / 256.0); if (place < 1.5) { return rest - 256.0 * floor(rest / 256.0); } return floor(rest / 256.0);",
  },
};

/** The text of functions, and of all that they call, in the order in which they must stand. */
export function shaderFunctions(names: Iterable<string>, language: ShaderLanguage): string {
  const written = new Map<string, string>();
  const write = (name: string): void => {
    if (written.has(name)) return;
    const definition = SPECIAL[language][name] ?? FUNCTIONS[name];
    if (!definition) return;
    for (const needed of definition.needs ?? []) write(needed);
    written.set(name, functionText(name, definition, language));
  };
  for (const name of names) write(name);
  return [...written.values()].join("\n");
}

function functionText(name: string, { parameters, body, result }: ShaderFunction, language: ShaderLanguage): string {
  const wgsl = language === "wgsl";
  const statements = body.replaceAll("$let", wgsl ? "let" : "float").replaceAll("$bool", wgsl ? "let" : "bool");
  if (wgsl) {
    const list = parameters.map((parameter) => `${parameter} : f32`).join(", ");
    return `fn ${name}(${list}) -> ${result ?? "f32"} { ${statements} }`;
  }
  const list = parameters.map((parameter) => `float ${parameter}`).join(", ");
  return `${result ?? "float"} ${name}(${list}) { ${statements} }`;
}

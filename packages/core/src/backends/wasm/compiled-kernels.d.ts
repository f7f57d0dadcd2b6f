// What an import of kernels.wasm or kernels-threads.wasm gives, where a platform or a bundler makes a module of a file.

declare const kernels: WebAssembly.Module;
export default kernels;

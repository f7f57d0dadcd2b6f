// The doctor's page. `/?quick&json&only=wasm,reference` takes the options of the command.

/** HTML that imports the library's build from /adjoint and gpu.js from /gpu.js. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>adjoint doctor</title>
<link rel="icon" href="data:,">
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark; }
  pre { font: 13px/1.45 ui-monospace, monospace; overflow-x: auto; }
</style>
<h1>adjoint doctor</h1>
<p id="progress">Starting …</p>
<pre id="report"></pre>
<details hidden><summary>The same as JSON, with every op's error</summary><pre id="json"></pre></details>
<script type="importmap">{ "imports": { "gpu.js": "/gpu.js" } }</script>
<script type="module">
  const show = (id, text) => { document.getElementById(id).textContent = text; };
  try {
    const { diagnose, formatDiagnosis } = await import("/adjoint/doctor.js");
    const onProgress = (name) => show("progress", "Examining " + name + " …");
    const asked = new URLSearchParams(location.search);
    const only = asked.get("only")?.split(",");
    const diagnosis = await diagnose({ quick: asked.has("quick"), ...(only && { only }), onProgress });
    const json = JSON.stringify(diagnosis, undefined, 2);
    show("report", asked.has("json") ? json : formatDiagnosis(diagnosis));
    show("json", json);
    document.querySelector("details").hidden = asked.has("json");
    show("progress", diagnosis.healthy ? "Done." : "Done: something computes wrongly.");
  } catch (error) {
    show("progress", "Failed: " + error);
  }
</script>
</html>
`;

// The doctor's page. `/?quick` measures less.

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
    const diagnosis = await diagnose({ quick: new URLSearchParams(location.search).has("quick"), onProgress });
    show("report", formatDiagnosis(diagnosis));
    show("json", JSON.stringify(diagnosis, undefined, 2));
    document.querySelector("details").hidden = false;
    show("progress", diagnosis.healthy ? "Done." : "Done: something computes wrongly.");
  } catch (error) {
    show("progress", "Failed: " + error);
  }
</script>
</html>
`;

// Speaks to the service. The token lives as long as the tab.
const KEY = "token";

export const session = {
  get token() { return sessionStorage.getItem(KEY); },
  begin(token) { sessionStorage.setItem(KEY, token); },
  end() { sessionStorage.removeItem(KEY); },
};

/** A call that was not answered as hoped: `problem` is the problem document, where there is one. */
export class CallError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? (status === 0 ? "The service cannot be reached." : `The service answered ${status}.`));
    this.status = status;
    this.problem = problem ?? {};
  }
}

async function send(path, init = {}) {
  const headers = { ...init.headers };
  if (session.token) headers.Authorization = `Bearer ${session.token}`;
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { ...init, headers });
  } catch {
    throw new CallError(0);
  }
  if (!response.ok) throw new CallError(response.status, await response.json().catch(() => null));
  return response;
}

const json = async (path, init) => { const response = await send(path, init); return response.status === 204 ? null : response.json(); };
const withBody = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const api = {
  demoUsers: () => json("/demo/users"),
  session: () => json("/session"),
  current: () => json("/usage/current"),
  limits: () => json("/usage/limits"),
  history: () => json("/usage/history?periods=6"),
  alerts: () => json("/usage/alerts"),
  acknowledge: id => json(`/usage/alerts/${encodeURIComponent(id)}/acknowledge`, { method: "POST" }),
  check: (seconds, bytes) => json("/usage/check", withBody("POST", { estimated_duration_seconds: seconds, file_size_bytes: bytes })),
  jobs: () => json("/transcription"),
  job: id => json(`/transcription/${id}`),
  remove: id => json(`/transcription/${id}`, { method: "DELETE" }),
  changePlan: plan => json("/plan", withBody("PUT", { plan })),

  /** Saves a transcript under the name that the service gives it. */
  async download(id, format) {
    const response = await send(`/transcription/${id}/export?format=${format}`);
    const name = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = name ? decodeURIComponent(name) : `transcript.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },

  /** Sends a file; `onProgress` is told the done part, 0 to 1. */
  upload(file, language, onProgress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `/api/v1/transcription${language ? `?language=${language}` : ""}`);
      request.setRequestHeader("Authorization", `Bearer ${session.token}`);
      request.upload.onprogress = event => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onerror = () => reject(new CallError(0));
      request.onload = () => {
        let body = null;
        try { body = JSON.parse(request.responseText); } catch { /* Not every answer has a body. */ }
        if (request.status === 202) resolve(body); else reject(new CallError(request.status, body));
      };
      const form = new FormData();
      form.append("file", file);
      request.send(form);
    });
  },
};

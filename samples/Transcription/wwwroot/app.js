import { api, session, CallError } from "./api.js";
import { clock, cueTime, day, moment, money, number, ordinal, plural, size, until } from "./format.js";

const $ = id => document.getElementById(id);
const el = (tag, props = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
};
const text = (id, value) => { if ($(id).textContent !== value) $(id).textContent = value; };
const show = (id, visible) => { $(id).hidden = !visible; };

const state = { me: null, current: null, limits: null, jobs: [], alerts: [], file: null, seconds: 0, verdict: null, sending: false, timer: 0, round: 0, jobsShown: "" };
const open = job => ["queued", "running", "settling"].includes(job.state);

// Signing in -------------------------------------------------------------------------------------------------------------------

async function signIn(token) {
  session.begin(token);
  try {
    state.me = await api.session();
  } catch (error) {
    session.end();
    text("sign-in-error", error.status === 401 ? "This token is not known." : error.message);
    show("sign-in-error", true);
    return;
  }
  show("sign-in", false);
  show("app", true);
  text("who", `${state.me.name} · ${state.me.time_zone}`);
  clearFile();
  await refresh(true);
}

function signOut() {
  clearTimeout(state.timer);
  session.end();
  Object.assign(state, { me: null, current: null, limits: null, jobs: [], alerts: [], jobsShown: "" });
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  show("app", false);
  showSignIn();
}

async function showSignIn() {
  show("sign-in", true);
  show("sign-in-error", false);
  $("token").value = "";
  const users = await api.demoUsers().catch(() => []);
  $("demo-list").replaceChildren(...users.map(user => el("button", { type: "button", onclick: () => signIn(user.token) },
    el("span", { textContent: user.name }), el("span", { className: "muted small", textContent: [user.plan && user.plan[0].toUpperCase() + user.plan.slice(1), user.time_zone].filter(Boolean).join(" · ") }))));
  show("demo-users", users.length > 0);
}

// Looking again: every second while something runs, else every four -------------------------------------------------------------

async function refresh(all = false) {
  clearTimeout(state.timer);
  const round = ++state.round;
  try {
    const [current, jobs, limits, history, alerts] = await Promise.all([
      api.current(), api.jobs(), all ? api.limits() : null, all ? api.history().catch(later) : null, all || round % 3 === 0 ? api.alerts().catch(later) : null]);
    if (!state.me || round !== state.round) return;
    const ended = state.jobs.filter(open).some(job => !jobs.items.some(other => other.id === job.id && open(other)));
    state.current = current;
    state.jobs = jobs.items;
    state.limits = limits ?? state.limits;
    state.alerts = alerts?.items ?? state.alerts;
    drawUsage();
    drawJobs();
    drawAlerts();
    if (limits) drawPlan();
    if (history) drawHistory(history);
    show("trouble", false);
    if (ended && !all) { refresh(true); checkFile(); return; }
  } catch (error) {
    if (error instanceof CallError && error.status === 401) { signOut(); return; }
    text("trouble", `${error.message} Trying again.`);
    show("trouble", true);
  }
  if (state.me) state.timer = setTimeout(() => document.hidden ? wait() : refresh(), state.jobs.some(open) ? 1000 : 4000);
}

/** What is beside the point may come later: the page goes on without it. */
function later(error) { if (error.status === 401) throw error; return null; }

function wait() { state.timer = setTimeout(() => document.hidden ? wait() : refresh(), 1000); }

// What is used and left ----------------------------------------------------------------------------------------------------------

function drawUsage() {
  const { current } = state;
  const { credits, jobs, billing_period: period, cost } = current;
  const unlimited = credits.limit === null;
  text("minutes-left", unlimited ? "∞" : number(credits.remaining));
  text("minutes-of", unlimited ? "no limit" : `of ${number(credits.limit)}`);
  const part = value => unlimited || credits.limit === 0 ? 0 : Math.min(100, 100 * value / credits.limit);
  $("meter-used").style.width = `${part(credits.used)}%`;
  $("meter-held").style.width = `${part(credits.held)}%`;
  const words = `${number(credits.used)} used${credits.held > 0 ? `, ${number(credits.held)} held by running jobs` : ""}`;
  text("meter-text", current.enforced ? words : `${words} · limits are not enforced here`);
  $("meter").setAttribute("aria-label", words);
  const card = document.querySelector(".minutes");
  card.classList.toggle("near", credits.percent >= 80 && credits.percent < 100);
  card.classList.toggle("full", credits.percent >= 100);
  text("period", `${day(period.start, period.time_zone)} – ${day(period.end, period.time_zone)}`);
  text("resets", `${moment(period.end, period.time_zone)} (${until(period.end, current.as_of)})`);
  $("resets").title = period.time_zone;
  text("slots", `${jobs.running} of ${jobs.limit} running${jobs.waiting > 0 ? `, ${jobs.waiting} waiting` : ""}`);
  text("cost", money(cost.month, cost.currency));
  text("drop-limit", `${current.plan.max_file_size_bytes === null ? "" : `Files up to ${size(current.plan.max_file_size_bytes)} · `}${unlimited ? "minutes without limit" : `${plural(credits.remaining, "minute")} left`}`);
  drawUpgrade();
}

function drawUpgrade() {
  const refused = state.verdict && !state.verdict.can_process ? state.verdict.upgrade : null;
  const upgrade = refused ?? state.current.upgrade;
  show("upgrade", Boolean(upgrade));
  if (!upgrade) return;
  const { credits } = state.current;
  text("upgrade-title", refused ? "This file needs a bigger plan" : credits.remaining > 0 ? `${number(credits.percent)} % of this period's minutes are used` : "This period's minutes are used up");
  text("upgrade-text", upgrade.message);
}

function drawPlan() {
  const { plan, rates } = state.limits;
  text("plan-name", `Plan ${plan.name}`);
  const lines = [
    ...planLines(plan),
    ...Object.values(rates).map(rate => `${number(rate.limit)} calls in ${rate.window_seconds === 3600 ? "an hour" : `${number(rate.window_seconds)} s`}`),
  ];
  $("plan-limits").replaceChildren(...lines.map(line => el("li", { textContent: line })));
}

function drawHistory(history) {
  const earlier = history.periods.filter(period => !period.is_current);
  show("history-card", earlier.length > 0);
  const most = Math.max(1, ...earlier.map(period => period.used));
  const zone = state.current.billing_period.time_zone;
  $("history").replaceChildren(...earlier.map(period => {
    const bar = el("span");
    bar.style.width = `${100 * period.used / most}%`;
    return el("li", {}, el("span", { className: "muted", textContent: `${day(period.start, zone)} – ${day(period.end, zone)}` }), el("span", { className: "meter" }, bar), el("span", { textContent: number(period.used) }));
  }));
}

// A file before it is sent -------------------------------------------------------------------------------------------------------

/** The browser's own opinion of the length; 0 where it has none. */
function lengthOf(file) {
  return new Promise(resolve => {
    const media = document.createElement("video");
    const done = seconds => { URL.revokeObjectURL(media.src); resolve(Number.isFinite(seconds) ? seconds : 0); };
    media.preload = "metadata";
    media.onloadedmetadata = () => done(media.duration);
    media.onerror = () => done(0);
    media.src = URL.createObjectURL(file);
    setTimeout(() => done(0), 5000);
  });
}

async function choose(file) {
  if (!file || state.sending) return;
  state.file = file;
  text("chosen-name", file.name);
  text("chosen-figures", size(file.size));
  show("chosen", true);
  $("send").disabled = true;
  $("verdict").className = "verdict";
  text("verdict", "Looking at the file …");
  state.seconds = await lengthOf(file);
  if (state.file === file) await checkFile();
}

async function checkFile() {
  const { file, seconds } = state;
  if (!file || state.sending) return;
  text("chosen-figures", `${size(file.size)}${seconds > 0 ? ` · ${clock(seconds)}` : ""}`);
  try {
    state.verdict = await api.check(Math.round(seconds * 1000) / 1000, file.size);
  } catch (error) {
    state.verdict = { can_process: false, message: error.message, upgrade: null };
  }
  if (state.file !== file || !state.current) return;
  const { can_process: can, credits_required: needs, credits_remaining: left, would_wait: waits, message } = state.verdict;
  $("verdict").className = `verdict${can ? waits ? " wait" : "" : " no"}`;
  const price = seconds > 0 ? `Needs ${plural(needs, "minute")}${left === null ? "" : `; ${number(left - needs)} remain after it`}.` : "Its length is measured when it has arrived.";
  text("verdict", can ? `${price}${waits ? " All your slots are taken: it will wait in the queue." : ""}` : message);
  $("send").disabled = !can;
  drawUpgrade();
}

function clearFile() {
  Object.assign(state, { file: null, verdict: null, sending: false });
  $("file").value = "";
  show("chosen", false);
  show("sending", false);
  if (state.current) drawUpgrade();
}

async function sendFile() {
  const { file } = state;
  if (!file) return;
  state.sending = true;
  $("send").disabled = true;
  show("chosen-clear", false);
  show("sending", true);
  try {
    await api.upload(file, $("language").value, part => {
      $("sending-bar").value = part;
      text("sending-text", part < 1 ? `${size(part * file.size)} of ${size(file.size)}` : "Arrived; measuring …");
    });
    clearFile();
  } catch (error) {
    state.sending = false;
    state.verdict = { can_process: false, message: error.message, upgrade: upgradeOf(error.problem) };
    $("verdict").className = "verdict no";
    text("verdict", [error.message, error.problem.upgrade].filter(Boolean).join(" "));
    show("sending", false);
  }
  show("chosen-clear", true);
  await refresh();
}

function upgradeOf(problem) {
  const plan = problem.advice && state.limits?.plans.find(known => known.key === problem.advice.plan);
  return plan ? { plan: plan.key, message: `${plan.name}: ${planLines(plan).join(", ")}.` } : null;
}

const planLines = plan => [
  plan.credits === null ? "minutes without limit" : `${number(plan.credits)} minutes a month`,
  plan.max_file_size_bytes === null ? "files of any size" : `files up to ${size(plan.max_file_size_bytes)}`,
  `${plural(plan.jobs, "job")} at once`,
];

// Jobs ---------------------------------------------------------------------------------------------------------------------------

const words = {
  queued: job => job.position ? `Waiting · ${ordinal(job.position)} in the queue` : "Waiting",
  running: job => `Running · ${Math.round(100 * job.progress)} %`,
  settling: () => "Almost done",
  completed: () => "Done",
  failed: () => "Failed",
  refused: () => "Refused",
  canceled: () => "Canceled",
};

function drawJobs() {
  show("no-jobs", state.jobs.length === 0);
  const drawn = JSON.stringify(state.jobs);
  if (drawn === state.jobsShown) return;
  state.jobsShown = drawn;
  const focused = document.activeElement?.closest?.("#jobs li")?.dataset.id;
  const action = document.activeElement?.dataset?.action;
  $("jobs").replaceChildren(...state.jobs.map(jobRow));
  if (focused && action) document.querySelector(`#jobs li[data-id="${focused}"] [data-action="${action}"]`)?.focus();
}

function jobRow(job) {
  const figures = [clock(job.duration_seconds), size(job.file_size_bytes), job.is_video ? "video" : "audio", moment(job.created_at, state.me.time_zone)];
  if (job.credits !== null) figures.push(plural(job.credits, "credit"));
  const button = (action, label, onclick, name) => {
    const made = el("button", { textContent: label, className: "quiet", onclick, ariaLabel: name ?? `${label}: ${job.name}` });
    made.dataset.action = action;
    return made;
  };
  const actions = job.state === "completed"
    ? [button("read", "Read", () => read(job)), button("srt", "SRT", () => download(job, "srt")), button("vtt", "VTT", () => download(job, "vtt")), button("remove", "Delete", () => remove(job))]
    : open(job) ? [button("cancel", "Cancel", () => remove(job))] : [button("remove", "Delete", () => remove(job))];
  const row = el("li", {},
    el("div", { className: "name", textContent: job.name }),
    el("div", { className: "actions" }, ...actions),
    el("div", { className: "muted small" }, el("span", { className: `chip ${job.state}`, textContent: words[job.state](job) }), ` ${figures.map(figure => figure.replaceAll(" ", "\u00a0")).join(" · ")}`));
  row.dataset.id = job.id;
  row.dataset.state = job.state;
  if (job.state === "running") row.append(el("progress", { max: 1, value: job.progress, ariaLabel: `Progress of ${job.name}` }));
  if (job.reason) row.append(el("div", { className: "reason", textContent: [job.reason, job.upgrade].filter(Boolean).join(" ") }));
  return row;
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    if (error.status === 401) { signOut(); return; }
    text("trouble", error.message);
    show("trouble", true);
  }
}

const download = (job, format) => attempt(() => api.download(job.id, format));
const remove = job => attempt(async () => { await api.remove(job.id); await refresh(); });

const read = job => attempt(async () => {
  const { transcript } = await api.job(job.id);
  text("transcript-title", job.name);
  text("transcript-figures", [clock(transcript.duration_seconds), plural(transcript.cues.length, "cue"), transcript.language, state.me.transcriber === "silence" ? "found by silence: it says where there is speech, not what is said" : null].filter(Boolean).join(" · "));
  const all = transcript.cues.map(cue => cue.text).join("\n");
  $("transcript-downloads").replaceChildren(
    ...["srt", "vtt", "txt"].map(format => el("button", { textContent: format.toUpperCase(), onclick: () => download(job, format) })),
    el("button", { textContent: "Copy text", onclick: event => attempt(async () => { await navigator.clipboard.writeText(all); event.target.textContent = "Copied"; }) }));
  $("cues").replaceChildren(...transcript.cues.map(cue => el("li", {}, el("time", { textContent: `${cueTime(cue.start)} – ${cueTime(cue.end)}` }), el("span", { textContent: cue.text }))));
  $("transcript").showModal();
});

// Plans and alerts ---------------------------------------------------------------------------------------------------------------

function showPlans() {
  const { plan: mine, plans } = state.limits;
  $("plan-list").replaceChildren(...plans.map(plan => {
    const price = el("div", { className: "price", textContent: plan.monthly_price ? `$${number(plan.monthly_price)}` : "Free" });
    if (plan.monthly_price) price.append(el("small", { textContent: " a month" }));
    const article = el("article", { className: plan.key === mine.key ? "current" : "" },
      el("h3", { textContent: plan.name }), price,
      el("ul", { className: "plain small" }, ...planLines(plan).map(line => el("li", { textContent: line }))));
    if (plan.key === mine.key) article.append(el("span", { className: "muted small", textContent: "Your plan" }));
    else if (state.me.change_plans) article.append(el("button", { className: plan.credits > mine.credits ? "primary" : "", textContent: `Move to ${plan.name}`, onclick: () => move(plan.key) }));
    return article;
  }));
  text("plans-note", state.me.change_plans ? "Nothing is paid here: this is a demonstration." : "Ask the operator of this service to move you to another plan.");
  $("plans").showModal();
}

const move = plan => attempt(async () => {
  await api.changePlan(plan);
  $("plans").close();
  await refresh(true);
  await checkFile();
});

function drawAlerts() {
  const fresh = state.alerts.filter(alert => !alert.acknowledged);
  show("alert-count", fresh.length > 0);
  text("alert-count", String(fresh.length));
  show("no-alerts", state.alerts.length === 0);
  $("alert-list").replaceChildren(...state.alerts.map(alert => {
    const row = el("li", { className: alert.acknowledged ? "" : "new" },
      el("div", {}, el("strong", { textContent: alert.message }), el("div", { className: "muted small", textContent: moment(alert.raised_at, state.me.time_zone) })));
    if (!alert.acknowledged) row.append(el("button", { className: "quiet", textContent: "Got it", onclick: () => attempt(async () => { await api.acknowledge(alert.id); await refresh(true); }) }));
    return row;
  }));
}

// The page's own events ----------------------------------------------------------------------------------------------------------

$("token-form").onsubmit = event => { event.preventDefault(); signIn($("token").value.trim()); };
$("sign-out").onclick = signOut;
$("file").onchange = event => choose(event.target.files[0]);
$("chosen-clear").onclick = clearFile;
$("send").onclick = sendFile;
$("plans-button").onclick = showPlans;
$("upgrade-button").onclick = showPlans;
$("alerts-button").onclick = () => $("alerts").showModal();
for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  $("drop").addEventListener(name, event => {
    event.preventDefault();
    $("drop").classList.toggle("over", over);
    if (name === "drop") choose(event.dataTransfer.files[0]);
  });
}
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", event => { if (event.target === dialog || event.target.closest("[data-close]")) dialog.close(); });
}

if (session.token) signIn(session.token); else showSignIn();

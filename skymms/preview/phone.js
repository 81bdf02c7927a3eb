"use strict";

// ---------------------------------------------------------------- making elements

// Every element of the page is made here. Strings among the children become text, never markup.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) if (value != null) element.setAttribute(name, value);
  element.append(...children.filter(child => child != null));
  return element;
}

function icon(name) {
  const [svg, use] = ["svg", "use"].map(tag => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${document.getElementById(`i-${name}`) ? name : "file"}`);
  svg.append(use);
  return svg;
}

function iconButton(name, label, onClick, attributes) {
  const button = make("button", {type: "button", "aria-label": label, title: label, ...attributes}, icon(name));
  button.addEventListener("click", onClick);
  return button;
}

// Returns an element with a text in the writing direction of its script; null without a text.
const textElement = (className, text) => text ? make("div", {class: className, dir: "auto"}, text) : null;

// ---------------------------------------------------------------- files

const KINDS = {image: "picture", audio: "sound", video: "video", vcard: "contact card", ical: "calendar entry",
               pdf: "PDF document", passbook: "wallet pass"};

const KIND_BY_EXTENSION = {jpg: "image", jpeg: "image", png: "image", gif: "image", mp3: "audio", amr: "audio", m4a: "audio",
                           mp4: "video", "3gp": "video", mov: "video", vcf: "vcard", ics: "ical", pdf: "pdf",
                           pkpass: "passbook"};

// Returns an absolute http or https URL, and null for any other text. Only these URLs are loaded or linked.
function webUrl(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

function fileName(text) {
  try {
    const url = new URL(text);
    return decodeURIComponent(url.pathname.split("/").pop()) || url.host || text;
  } catch {
    return text;
  }
}

const kindOf = url => KIND_BY_EXTENSION[fileName(url).split(".").pop().toLowerCase()] ?? "file";

const LOAD_SECONDS = 20;    // a picture that has not arrived by then counts as not loaded

// `reasonFor({kind, url})` returns a promise of the reason why a file was not loaded, or of null.
function fileElement({kind, url}, reasonFor) {
  const address = webUrl(url);
  const name = fileName(url);
  const label = note => make("span", null, make("bdi", null, name), make("small", null, `${KINDS[kind] ?? "file"}${note}`));
  const notLoaded = () => make("div", {class: "file not-loaded"}, icon(kind), label(", not loaded"));
  if (!address) return notLoaded();
  if (!["image", "audio", "video"].includes(kind)) {
    return make("a", {class: "file", href: address, target: "_blank", rel: "noopener noreferrer"}, icon(kind), label(""));
  }
  const media = kind === "image"
    ? make("img", {class: "media", alt: name, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer"})
    : make(kind, {class: "media", controls: "", preload: "metadata", "aria-label": name});
  const giveUp = async reason => {
    if (!media.isConnected) return;
    const replacement = notLoaded();
    media.replaceWith(replacement);
    const found = await reason;
    if (found) replacement.lastChild.append(make("small", {class: "reason"}, found));
  };
  media.addEventListener("error", () => giveUp(reasonFor({kind, url})));
  const seconds = LOAD_SECONDS.toLocaleString("en");
  const check = () => {
    if (!media.isConnected || media.complete || media.readyState > 0) return;
    // A hidden picture is not requested before it is shown.
    if (media.checkVisibility()) giveUp(Promise.resolve(`it did not arrive within ${seconds} seconds`));
    else setTimeout(check, LOAD_SECONDS * 1000);
  };
  setTimeout(check, LOAD_SECONDS * 1000);
  media.setAttribute("src", address);
  return media;
}

// ---------------------------------------------------------------- the phone

const SLIDE_SECONDS = 10;   // a slide without a duration is shown this long

const durationOf = slide =>
  Number.isFinite(slide?.duration) && slide.duration > 0 ? Math.min(slide.duration, 3600) : SLIDE_SECONDS;

// Shows one message at a time in an element. A view has these fields, all of which may be left out:
//   time       the time at the top of the screen, "10:05"
//   contact    the other number, and `direction`, a line below it
//   banner     a warning above the message, for example that it was refused; the message is then faded
//   outgoing   true for a message that the owner of the phone sent
//   subject    the subject, shown above the first slide
//   slides     [{text, duration, files: [{kind, url}]}]; with several slides there are buttons to turn and play them
//   notice     what is shown if there are no slides: a list of texts and elements
// `onTurn(number, count)` is called when another slide is shown without playing. `reasonFor` is called when a file is not loaded.
class Phone {
  #element;
  #onTurn;
  #reasonFor;
  #view = {};
  #slide = 0;
  #timer = 0;
  #playing = false;

  constructor(element, onTurn = () => {}, reasonFor = async () => null) {
    this.#element = element;
    this.#onTurn = onTurn;
    this.#reasonFor = reasonFor;
    element.classList.add("phone");
    element.setAttribute("aria-label", "A phone");
  }

  show(view) {
    this.pause();
    this.#view = view;
    this.#slide = 0;
    this.#draw();
  }

  get #slides() {
    return this.#view.slides ?? [];
  }

  turn(number) {
    const last = this.#slides.length - 1;
    if (last < 0) return;
    const focused = document.activeElement?.dataset?.key;
    this.#slide = Math.max(0, Math.min(number, last));
    this.#draw();
    // The buttons are new elements, so the focus is set again.
    if (focused) (this.#find(`[data-key=${focused}]:enabled`) ?? this.#find("[data-key=play]"))?.focus();
    if (!this.#playing) this.#onTurn(this.#slide + 1, last + 1);
  }

  step(by) {
    this.pause();
    this.turn(this.#slide + by);
  }

  play() {
    this.#playing = true;
    this.turn(this.#slide === this.#slides.length - 1 ? 0 : this.#slide);
    this.#startTimer();
  }

  pause() {
    clearTimeout(this.#timer);
    this.#playing = false;
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }

  #startTimer() {
    this.#timer = setTimeout(() => {
      if (this.#slide >= this.#slides.length - 1) { this.#stop(); return; }
      this.turn(this.#slide + 1);
      this.#startTimer();
    }, durationOf(this.#slides[this.#slide]) * 1000);
  }

  #stop() {
    this.pause();
    this.#draw();
  }

  #draw() {
    const {time, contact, direction, banner, slides, notice} = this.#view;
    const conversation = make("div", {class: "conversation", tabindex: "0", role: "group", "aria-label": "The message"},
      banner ? make("p", {class: "banner"}, banner) : null,
      slides ? this.#bubble() : make("p", {class: "no-message"}, ...(notice ?? [])));
    this.#element.replaceChildren(make("div", {class: "screen"},
      make("div", {class: "status-bar", "aria-hidden": "true"}, time ?? "", icon("signal")),
      make("div", {class: "contact"}, make("i", null, icon("person")), make("bdi", null, contact ?? "unknown"),
           make("small", null, direction ? make("bdi", null, direction) : null)),
      conversation,
      this.#slides.length > 1 ? this.#controls() : null));
  }

  #bubble() {
    const {subject, banner, outgoing} = this.#view;
    const slide = this.#slides[this.#slide];
    const classes = ["bubble", outgoing ? "outgoing" : "", banner ? "faded" : ""].filter(Boolean).join(" ");
    return make("div", {class: classes, role: "group", "aria-roledescription": "slide",
                        "aria-label": `Slide ${this.#slide + 1} of ${this.#slides.length}`},
      this.#slide === 0 ? textElement("subject", subject) : null,
      ...(slide?.files ?? []).map(file => fileElement(file, this.#reasonFor)),
      textElement("text", slide?.text));
  }

  #controls() {
    const last = this.#slides.length - 1;
    const disabledAt = number => this.#slide === number ? "" : null;
    return make("div", {class: "controls", role: "group", "aria-label": "Slides"},
      iconButton("prev", "Previous slide", () => this.step(-1), {disabled: disabledAt(0), "data-key": "prev"}),
      make("div", {class: "dots"}, ...this.#slides.map((slide, number) => this.#dot(slide, number))),
      this.#playing ? iconButton("pause", "Pause", () => this.#stop(), {"data-key": "play"})
                    : iconButton("play", "Play", () => this.play(), {"data-key": "play"}),
      iconButton("next", "Next slide", () => this.step(1), {disabled: disabledAt(last), "data-key": "next"}));
  }

  #dot(slide, number) {
    const current = number === this.#slide;
    const dot = make("button", {type: "button", "aria-label": `Slide ${number + 1}`, "aria-current": current ? "true" : null,
                                class: current && this.#playing ? "playing" : null, "data-key": `dot${number}`}, make("i"));
    dot.firstChild.style.animationDuration = `${durationOf(slide)}s`;
    dot.addEventListener("click", () => { this.pause(); this.turn(number); });
    return dot;
  }
}

// A brush and an eraser on a mask. Strokes are kept as lines in shares of the picture, so that the
// server can draw them at any resolution and any of them can be taken back.
const memory = new WeakMap()

const HINT =
  "Keys, with the picture in focus: arrows move the brush (Shift: far), Space begins and ends a" +
  " stroke, B brush, E eraser, [ and ] size, Ctrl+Z undo, Ctrl+Y redo, Escape leaves a stroke."
const NEAR = 0.01
const FAR = 0.05
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

function build(root) {
  root.innerHTML =
    '<div class="stage"><img alt=""><canvas role="application" tabindex="0"' +
    ' aria-describedby="hint"></canvas><div class="ring" hidden></div></div>' +
    '<div class="tools"><button type="button" class="brush">Brush</button>' +
    '<button type="button" class="eraser">Eraser</button>' +
    '<label>Size<input type="range" min="5" max="120" step="1" value="30"></label>' +
    '<button type="button" class="undo">Undo</button>' +
    '<button type="button" class="redo">Redo</button>' +
    '<button type="button" class="clear">Clear</button></div>' +
    `<p class="hint" id="hint">${HINT}</p><p class="said" role="status"></p>`
  const own = { strokes: [], past: [], future: [], adds: true, version: null, mask: null }
  const canvas = root.querySelector("canvas")
  const context = canvas.getContext("2d")
  const ring = root.querySelector(".ring")
  const size = root.querySelector("input")
  const said = root.querySelector(".said")
  const buttons = Object.fromEntries(
    ["brush", "eraser", "undo", "redo", "clear"].map((name) => [
      name,
      root.querySelector(`.${name}`),
    ]),
  )
  let stroke = null
  let pointer = null
  let at = [0.5, 0.5]

  function line(one) {
    const { width, height } = canvas
    context.globalCompositeOperation = one.adds ? "source-over" : "destination-out"
    context.strokeStyle = context.fillStyle = own.colour
    context.lineWidth = 2 * one.radius * height
    context.lineCap = context.lineJoin = "round"
    context.beginPath()
    one.points.forEach(([x, y], i) => {
      const to = [x * width, y * height]
      i ? context.lineTo(...to) : context.moveTo(...to)
    })
    if (one.points.length === 1) context.lineTo(one.points[0][0] * width + 0.01, one.points[0][1] * height)
    context.stroke()
  }

  function paint() {
    own.colour = getComputedStyle(root).getPropertyValue("--st-primary-color") || "#0F766E"
    context.globalCompositeOperation = "source-over"
    context.clearRect(0, 0, canvas.width, canvas.height)
    if (own.mask) {
      context.drawImage(own.mask, 0, 0, canvas.width, canvas.height)
      context.globalCompositeOperation = "source-in"
      context.fillStyle = own.colour
      context.fillRect(0, 0, canvas.width, canvas.height)
    }
    for (const one of own.strokes) line(one)
    if (stroke) line(stroke)
    buttons.brush.setAttribute("aria-pressed", String(own.adds))
    buttons.eraser.setAttribute("aria-pressed", String(!own.adds))
    buttons.clear.disabled = own.strokes.length === 0
    buttons.undo.disabled = own.strokes.length === 0 && own.past.length === 0
    buttons.redo.disabled = own.future.length === 0
  }

  function place(event) {
    const box = canvas.getBoundingClientRect()
    const clamp = (v) => Math.round(1e4 * Math.min(1, Math.max(0, v))) / 1e4
    return [
      clamp((event.clientX - box.left) / box.width),
      clamp((event.clientY - box.top) / box.height),
    ]
  }
  const radius = () => Number(size.value) / 1000

  function follow([x, y]) {
    at = [x, y]
    const across = 2 * radius() * canvas.getBoundingClientRect().height
    Object.assign(ring.style, {
      left: `${100 * x}%`, top: `${100 * y}%`, width: `${across}px`, height: `${across}px`,
    })
    ring.hidden = false
  }

  // What was drawn before a change stays to go back to, after Clear as well.
  function change(strokes) {
    own.past.push(own.strokes)
    own.future = []
    own.strokes = strokes
    paint()
    own.send()
  }
  function begin(point) {
    stroke = { points: [point], radius: radius(), adds: own.adds }
    paint()
  }
  function draw(point) {
    const last = stroke.points.at(-1)
    // Closer points change nothing that is seen.
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) > 0.002) stroke.points.push(point)
  }
  function end() {
    if (!stroke) return
    const done = stroke
    stroke = null
    change([...own.strokes, done])
  }
  function leave() {
    stroke = null
    paint()
  }
  function undo() {
    if (stroke) return leave()
    // Strokes of an earlier visit have no past here: they are taken back one by one.
    const before = own.past.length ? own.past.pop() : own.strokes.slice(0, -1)
    if (before.length === 0 && own.strokes.length === 0) return
    own.future.push(own.strokes)
    own.strokes = before
    say(`Undone. ${count()}`)
    paint()
    own.send()
  }
  function redo() {
    if (!own.future.length) return
    own.past.push(own.strokes)
    own.strokes = own.future.pop()
    say(`Done again. ${count()}`)
    paint()
    own.send()
  }
  function tool(adds) {
    own.adds = adds
    say(adds ? "Brush" : "Eraser")
    paint()
  }
  const say = (words) => (said.textContent = words)
  const count = () => `${own.strokes.length} ${own.strokes.length === 1 ? "stroke" : "strokes"}.`

  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return
    if (!event.isPrimary) return leave() // a second finger: the picture is moved, not drawn on
    event.preventDefault()
    canvas.focus({ preventScroll: true, focusVisible: false })
    canvas.setPointerCapture(event.pointerId)
    pointer = event.pointerId
    follow(place(event))
    begin(place(event))
  }
  canvas.onpointermove = (event) => {
    if (!event.isPrimary) return
    follow(place(event))
    if (!stroke || event.pointerId !== pointer) return
    for (const step of event.getCoalescedEvents?.() ?? [event]) draw(place(step))
    paint()
  }
  canvas.onpointerup = (event) => {
    if (event.pointerId === pointer) end()
    if (event.pointerType !== "mouse") ring.hidden = true
  }
  canvas.onpointercancel = leave
  canvas.onpointerleave = () => (ring.hidden = true)
  canvas.onblur = () => {
    end()
    ring.hidden = true
  }

  function resize(by) {
    size.value = String(Math.round(Number(size.value) * by))
    follow(at)
    say(`Size ${size.value} of 120`)
  }
  function move(event) {
    const step = event.shiftKey ? FAR : NEAR
    const [right, down] = STEPS[event.key]
    const [width, height] = [canvas.clientWidth || 1, canvas.clientHeight || 1]
    const clamp = (v) => Math.round(1e4 * Math.min(1, Math.max(0, v))) / 1e4
    // As far to the side as up and down, on a picture of any shape.
    follow([clamp(at[0] + (right * step * height) / width), clamp(at[1] + down * step)])
    if (stroke) {
      draw(at)
      paint()
    }
    say(`${Math.round(100 * at[0])} % from the left, ${Math.round(100 * at[1])} % from the top`)
  }
  function space() {
    if (stroke) {
      end()
      say(`Stroke ended. ${count()}`)
    } else {
      follow(at)
      begin(at)
      say(`${own.adds ? "Brush" : "Eraser"} is down: arrows draw, Space ends the stroke`)
    }
  }
  const KEYS = {
    " ": space,
    b: () => tool(true),
    e: () => tool(false),
    "[": () => resize(0.8),
    "]": () => resize(1.25),
    Escape: () => stroke && (leave(), say("Stroke left")),
  }
  root.onkeydown = (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const command = event.ctrlKey || event.metaKey
    let act = null
    if (command && key === "z") act = event.shiftKey ? redo : undo
    else if (command && key === "y") act = redo
    else if (event.target === canvas && !command && !event.altKey) {
      act = key in STEPS ? () => move(event) : KEYS[key]
    }
    if (!act) return
    // The page's own short cuts (C, R) must not hear of it.
    event.preventDefault()
    event.stopPropagation()
    act()
  }
  canvas.onfocus = () => {
    if (canvas.matches(":focus-visible")) follow(at)
  }

  buttons.brush.onclick = () => tool(true)
  buttons.eraser.onclick = () => tool(false)
  buttons.undo.onclick = undo
  buttons.redo.onclick = redo
  buttons.clear.onclick = () => change([])
  own.paint = paint
  own.canvas = canvas
  own.drop = () => (stroke = null)
  return own
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  const root = parentElement.querySelector(".editor")
  let own = memory.get(root)
  if (!own) {
    own = build(root)
    memory.set(root, own)
  }
  own.send = () => setStateValue("strokes", own.strokes)
  if (own.version !== data.version) {
    own.version = data.version
    own.strokes = data.strokes
    own.past = []
    own.future = []
    own.drop()
  }
  root.style.setProperty("--ratio", `${data.width} / ${data.height}`)
  const photo = root.querySelector("img")
  if (photo.getAttribute("src") !== data.photo) photo.src = data.photo
  own.canvas.setAttribute("aria-label", data.label)
  if (own.source !== data.mask) {
    own.source = data.mask
    const mask = new Image()
    mask.onload = () => {
      // A later mask may have been asked for meanwhile.
      if (own.source !== data.mask) return
      own.mask = mask
      own.canvas.width = mask.naturalWidth
      own.canvas.height = mask.naturalHeight
      own.paint()
    }
    mask.src = data.mask
  } else {
    own.paint()
  }
}

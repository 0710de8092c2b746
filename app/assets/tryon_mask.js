// A brush and an eraser on a mask. Strokes are kept as lines in shares of the picture, so that the
// server can draw them at any resolution and any of them can be taken back.
const memory = new WeakMap()

function build(root) {
  root.innerHTML =
    '<div class="stage"><img><canvas role="img"></canvas><div class="ring" hidden></div></div>' +
    '<div class="tools"><button type="button" class="brush">Brush</button>' +
    '<button type="button" class="eraser">Eraser</button>' +
    '<label>Size<input type="range" min="5" max="120" step="1" value="30"></label>' +
    '<button type="button" class="undo">Undo</button>' +
    '<button type="button" class="clear">Clear</button></div>'
  const own = { strokes: [], adds: true, version: null, mask: null }
  const canvas = root.querySelector("canvas")
  const context = canvas.getContext("2d")
  const ring = root.querySelector(".ring")
  const size = root.querySelector("input")
  const buttons = Object.fromEntries(
    ["brush", "eraser", "undo", "clear"].map((name) => [name, root.querySelector(`.${name}`)]),
  )
  let stroke = null

  function line(one) {
    const { width, height } = canvas
    context.globalCompositeOperation = one.adds ? "source-over" : "destination-out"
    context.strokeStyle = context.fillStyle = own.colour
    context.lineWidth = 2 * one.radius * height
    context.lineCap = context.lineJoin = "round"
    context.beginPath()
    one.points.forEach(([x, y], i) => {
      const at = [x * width, y * height]
      i ? context.lineTo(...at) : context.moveTo(...at)
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
    buttons.undo.disabled = buttons.clear.disabled = own.strokes.length === 0
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

  function follow(event) {
    const [x, y] = place(event)
    const across = 2 * radius() * canvas.getBoundingClientRect().height
    Object.assign(ring.style, {
      left: `${100 * x}%`, top: `${100 * y}%`, width: `${across}px`, height: `${across}px`,
    })
    ring.hidden = false
  }

  canvas.onpointerdown = (event) => {
    if (event.button !== 0) return
    event.preventDefault()
    canvas.setPointerCapture(event.pointerId)
    stroke = { points: [place(event)], radius: radius(), adds: own.adds }
    paint()
  }
  canvas.onpointermove = (event) => {
    follow(event)
    if (!stroke) return
    for (const step of event.getCoalescedEvents?.() ?? [event]) {
      const at = place(step)
      const last = stroke.points.at(-1)
      // Closer points change nothing that is seen.
      if (Math.hypot(at[0] - last[0], at[1] - last[1]) > 0.002) stroke.points.push(at)
    }
    paint()
  }
  function end() {
    if (!stroke) return
    own.strokes.push(stroke)
    stroke = null
    paint()
    own.send()
  }
  canvas.onpointerup = end
  canvas.onpointercancel = end
  canvas.onpointerleave = () => (ring.hidden = true)

  buttons.brush.onclick = () => {
    own.adds = true
    paint()
  }
  buttons.eraser.onclick = () => {
    own.adds = false
    paint()
  }
  buttons.undo.onclick = () => {
    own.strokes.pop()
    paint()
    own.send()
  }
  buttons.clear.onclick = () => {
    own.strokes = []
    paint()
    own.send()
  }
  own.paint = paint
  own.canvas = canvas
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
  }
  root.style.setProperty("--ratio", `${data.width} / ${data.height}`)
  const photo = root.querySelector("img")
  if (photo.getAttribute("src") !== data.photo) photo.src = data.photo
  photo.alt = ""
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

// Two pictures over each other with a divider; zoom scrolls inside the frame.
const ZOOMS = [1, 2, 4]
const memory = new WeakMap()

function build(root) {
  root.innerHTML =
    '<div class="view" tabindex="-1"><div class="stage"><img class="before"><img class="after">' +
    '<div class="rule"></div></div></div>' +
    '<div class="tools"><span>Before</span><input type="range" min="0" max="100" step="1">' +
    '<span>After</span><button type="button" class="zoom"></button></div>'
  const own = { at: 100, zoom: 0 }
  const view = root.querySelector(".view")
  const slider = root.querySelector("input")
  const zoom = root.querySelector(".zoom")

  function paint() {
    root.style.setProperty("--at", `${own.at}%`)
    root.style.setProperty("--zoom", ZOOMS[own.zoom])
    root.querySelector(".rule").hidden = own.at === 100 || own.at === 0
    slider.value = own.at
    slider.setAttribute("aria-valuetext", `${own.at} per cent of the picture after`)
    view.classList.toggle("zoomed", own.zoom > 0)
    view.tabIndex = own.zoom > 0 ? 0 : -1 // a scrolled view must be reachable with the keyboard
    zoom.textContent = `${ZOOMS[own.zoom]}×`
    zoom.setAttribute("aria-label", `Zoom, now ${ZOOMS[own.zoom]} times`)
  }

  slider.oninput = () => {
    own.at = Number(slider.value)
    paint()
  }
  function follow(event) {
    const box = view.getBoundingClientRect()
    own.at = Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width)))
    paint()
  }
  let from = null // where a zoomed picture is dragged from
  view.onpointerdown = (event) => {
    if (own.zoom === 0) {
      if (event.pointerType !== "touch") follow(event)
    } else if (event.pointerType !== "touch") {
      from = [event.clientX + view.scrollLeft, event.clientY + view.scrollTop]
    } else {
      return // a finger scrolls by itself
    }
    view.setPointerCapture(event.pointerId)
  }
  view.onpointermove = (event) => {
    if (!view.hasPointerCapture(event.pointerId)) return
    if (from) view.scrollTo(from[0] - event.clientX, from[1] - event.clientY)
    else follow(event)
  }
  view.onpointerup = () => (from = null)
  zoom.onclick = () => {
    // The middle of what is seen stays in the middle.
    const x = (view.scrollLeft + view.clientWidth / 2) / view.scrollWidth
    const y = (view.scrollTop + view.clientHeight / 2) / view.scrollHeight
    own.zoom = (own.zoom + 1) % ZOOMS.length
    paint()
    view.scrollLeft = x * view.scrollWidth - view.clientWidth / 2
    view.scrollTop = y * view.scrollHeight - view.clientHeight / 2
  }
  own.paint = paint
  return own
}

export default function (component) {
  const { data, parentElement } = component
  const root = parentElement.querySelector(".compare")
  let own = memory.get(root)
  if (!own) {
    own = build(root)
    memory.set(root, own)
  }
  root.style.setProperty("--ratio", `${data.width} / ${data.height}`)
  for (const [name, words] of [["before", data.person], ["after", data.look]]) {
    const image = root.querySelector(`.${name}`)
    if (image.getAttribute("src") !== data[name]) image.src = data[name]
    image.alt = words
  }
  root.querySelector("input").setAttribute("aria-label", `From ${data.person} to ${data.look}`)
  own.paint()
}

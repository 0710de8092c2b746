// A grid of cards. Ticks are kept in a numbered log until the server has seen them, so that quick
// clicks are never lost between two runs of the page.
const memory = new WeakMap()

function element(tag, className, text) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text) node.textContent = text
  return node
}

function percent(value) {
  return `${(100 * value).toFixed(2)}%`
}

function bar(card) {
  const track = element("div", "bar")
  track.setAttribute("aria-hidden", "true")
  const range = element("div", "range")
  range.style.left = percent(card.low)
  range.style.right = percent(1 - card.high)
  track.append(range)
  for (const [name, value] of [["at", card.at], ["actual", card.actual]]) {
    if (value === null) continue
    const tick = element("div", name)
    tick.style.left = percent(value)
    track.append(tick)
  }
  return track
}

function draw(card, on) {
  const item = element("li", "card")
  const photo = element("button", "photo")
  photo.type = "button"
  photo.title = card.title
  photo.setAttribute("aria-label", card.spoken)
  if (card.photo) {
    const image = element("img")
    image.loading = "lazy"
    image.decoding = "async"
    image.alt = ""
    image.onerror = () => image.replaceWith(element("span", "none", "Photo cannot be shown"))
    image.src = card.photo
    photo.append(image)
  } else {
    photo.append(element("span", "none", "No photo"))
  }
  if (card.rank) photo.append(element("span", "rank", card.rank))
  if (card.badge) photo.append(element("span", "badge", card.badge))
  photo.onclick = () => on.open(card.id)
  item.append(photo)
  if (on.pick) {
    const label = element("label", "pick")
    const box = element("input")
    box.type = "checkbox"
    box.setAttribute("aria-label", `Select ${card.title}`)
    box.onclick = (event) => on.pick(card.id, box.checked, event.shiftKey)
    label.append(box)
    item.append(label)
  }
  item.append(element("div", "title", card.title))
  const row = element("div", "row")
  row.append(element("span", "price", card.price))
  if (card.score) {
    const score = element("span", "score", card.score)
    if (card.unit) score.append(element("span", "", ` ${card.unit}`))
    row.append(score)
  }
  item.append(row)
  if (card.at !== null) item.append(bar(card))
  if (card.interval || card.note) {
    const ends = element("div", "ends")
    ends.append(element("span", "", card.interval), element("span", "", card.note))
    item.append(ends)
  }
  return item
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component
  const root = parentElement.querySelector(".grid")
  const own = memory.get(parentElement) ?? { name: crypto.randomUUID(), next: 1, log: [], last: "" }
  memory.set(parentElement, own)

  const palette = getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors")
  root.style.setProperty("--warm", palette.split(",")[1] || "#C2410C")
  root.classList.toggle("small", data.small)
  root.classList.toggle("bare", data.cards.every((card) => !card.photo))
  root.setAttribute("aria-label", data.label)

  if (data.seen && data.seen.name === own.name) {
    own.log = own.log.filter((entry) => entry[0] > data.seen.last)
  }
  const picked = new Set(data.picked)
  for (const [, id, on] of own.log) on ? picked.add(id) : picked.delete(id)

  function paint() {
    root.classList.toggle("picking", picked.size > 0)
    root.childNodes.forEach((item, i) => {
      const box = item.querySelector("input")
      if (!box) return
      box.checked = picked.has(data.cards[i].id)
      item.classList.toggle("picked", box.checked)
    })
  }

  function pick(id, on, range) {
    const ids = data.cards.map((card) => card.id)
    const from = range ? ids.indexOf(own.last) : -1
    const to = ids.indexOf(id)
    const several = from < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1)
    for (const one of several) {
      own.log.push([own.next++, one, on])
      on ? picked.add(one) : picked.delete(one)
    }
    own.last = id
    paint()
    setStateValue("picks", { name: own.name, log: own.log })
  }

  const on = { open: (id) => setTriggerValue("open", id), pick: data.selectable ? pick : null }
  const drawn = JSON.stringify(data.cards)
  if (own.drawn !== drawn) {
    root.replaceChildren(...data.cards.map((card) => draw(card, on)))
    // Other cards than before: begin at the first, not where the old ones were left.
    const left = own.drawn && !data.small && root.getBoundingClientRect().top < 0
    if (left) root.scrollIntoView({ block: "start" })
    own.drawn = drawn
  } else {
    // Same cards: keep the images, but let the handlers speak for this run.
    root.childNodes.forEach((item, i) => {
      item.querySelector(".photo").onclick = () => on.open(data.cards[i].id)
      const box = item.querySelector("input")
      if (box) box.onclick = (event) => pick(data.cards[i].id, box.checked, event.shiftKey)
    })
  }
  paint()

  // Who closes the item that a card opened goes on from that card, not from the top of the page.
  if (own.open && !data.open) {
    const from = data.cards.findIndex((card) => card.id === own.open)
    const back = () => {
      const lost = document.activeElement === document.body
      if (lost) root.childNodes[from]?.querySelector(".photo").focus({ preventScroll: true })
    }
    setTimeout(back, 300)
  }
  own.open = data.open
}

// A row of photos of which one is chosen.
const drawn = new WeakMap()

function draw(item) {
  const cell = document.createElement("li")
  const button = document.createElement("button")
  button.type = "button"
  button.title = item.title
  button.setAttribute("aria-label", item.spoken)
  const photo = document.createElement("span")
  photo.className = "photo"
  const none = () => {
    const text = document.createElement("span")
    text.className = "none"
    text.textContent = "No photo"
    return text
  }
  if (item.photo) {
    const image = document.createElement("img")
    image.loading = "lazy"
    image.decoding = "async"
    image.alt = ""
    image.onerror = () => image.replaceWith(none())
    image.src = item.photo
    photo.append(image)
  } else {
    photo.append(none())
  }
  if (item.rank) {
    const rank = document.createElement("span")
    rank.className = "rank"
    rank.textContent = item.rank
    photo.append(rank)
  }
  const title = document.createElement("span")
  title.className = "title"
  title.textContent = item.title
  button.append(photo, title)
  cell.append(button)
  return cell
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".strip")
  root.setAttribute("aria-label", data.label)
  root.style.setProperty("--item", `${data.width}px`)
  const key = JSON.stringify(data.items)
  const fresh = drawn.get(root) !== key
  if (fresh) {
    root.replaceChildren(...data.items.map(draw))
    drawn.set(root, key)
  }
  root.querySelectorAll("button").forEach((button, i) => {
    const item = data.items[i]
    button.setAttribute("aria-pressed", String(item.id === data.chosen))
    button.onclick = () => {
      root.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", "false"))
      button.setAttribute("aria-pressed", "true")
      setTriggerValue("pick", item.id)
    }
    if (fresh && item.id === data.chosen) {
      const cell = button.parentElement
      root.scrollLeft = cell.offsetLeft - root.offsetLeft - (root.clientWidth - cell.clientWidth) / 2
    }
  })
}

"""Measures how well the text of a page can be read."""

#: The contrast of all visible text with its background, as WCAG 2.2 defines it; the lowest first.
CONTRASTS = """(() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const linear = part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  const light = colour => {
    const [red, green, blue] = rgba(colour).map(part => linear(part / 255));
    return .2126 * red + .7152 * green + .0722 * blue;
  };
  const behind = node => {
    const colour = getComputedStyle(node).backgroundColor;
    return rgba(colour)[3] === 255 ? colour : behind(node.parentElement);
  };
  const speaks = node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  const seen = node => node.checkVisibility() && speaks(node) && !node.closest('.visually-hidden, .faded');
  return [...document.querySelectorAll('body *')].filter(seen).map(node => {
    const [one, other] = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => b - a);
    return [(one + .05) / (other + .05), node.innerText];
  }).sort((a, b) => a[0] - b[0]);
})()"""

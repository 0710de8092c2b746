"""Where a garment is worn, guessed from the words that name it."""

import re

from core.tryon.engine import GarmentCategory

_WORDS: dict[GarmentCategory, str] = {
    "dresses": "dress dresses gown gowns jumpsuit jumpsuits playsuit romper overall overalls"
    " dungaree dungarees maxi tracksuit tracksuits kaftan caftan sari saree pyjamas nightdress",
    "lower_body": "skirt skirts miniskirt trousers trouser pants pant jeans jean jeggings leggings"
    " legging shorts short capris capri culottes culotte chinos joggers jogger treggings tights"
    " salwar churidar patiala bottom bottoms skort skorts palazzo sweatpants",
    "upper_body": "top tops shirt shirts tshirt tshirts t-shirt t-shirts tee tees blouse blouses"
    " sweater sweaters hoodie hoodies sweatshirt sweatshirts jacket jackets coat coats blazer"
    " blazers cardigan cardigans pullover jumper jumpers knitwear polo vest vests tunic tunics"
    " kurta kurtas kurti kurtis parka anorak gilet waistcoat bodysuit camisole tank duster kimono"
    " poncho outerwear sleeve sleeves sleeveless crop singlet windbreaker",
}  # fmt: skip
_CATEGORY = {word: category for category, words in _WORDS.items() for word in words.split()}


def guess_category(*names: str | None) -> GarmentCategory | None:
    """Where a garment is worn.

    Args:
        names: what it is called, the most telling first (its category, then its title).

    Returns:
        The category that the last garment word of the first telling name stands for (“shirt dress”
        is a dress, “dress shirt” a shirt), or None where no name holds one, as for shoes.
    """
    for name in names:
        if not isinstance(name, str):
            continue
        words = re.findall(r"t-shirts?|[a-z]+", name.lower())
        found = [word for word in words if word in _CATEGORY]
        if len(found) > 1 and found[-1] == "short":
            found.pop()
        if found:
            return _CATEGORY[found[-1]]
    return None

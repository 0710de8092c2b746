"""The captioner's vocabulary, and what its lines teach."""

import numpy as np
import torch

from scripts.caption_data import WORDS, codes
from scripts.captioner_model import Lines, make_tokenizer
from scripts.train_captioner import loss_of


def test_every_word_is_one_token_and_a_line_comes_back_whole():
    tokenizer = make_tokenizer()
    assert len(tokenizer) == 4 + sum(map(len, WORDS.values()))
    text = "women's coffee brown polka-dot long-sleeve crew-neck casual shoes, smart casual"
    ids = tokenizer(text)["input_ids"]
    assert len(ids) == 9 and tokenizer.decode(ids, skip_special_tokens=True) == text
    assert tokenizer.unk_token_id in tokenizer("men's nike shirt")["input_ids"]


def test_what_is_not_known_teaches_nothing():
    known = {name: WORDS[name][0] for name in WORDS}
    facts = [known, known | {"sleeve": None}, known | {"sleeve": ""}]
    lines = Lines.of(*codes(facts))
    ids, ignored = lines.draw(np.arange(3), None)
    assert ids[1].tolist() == ids[2].tolist() and ids[0].tolist() != ids[1].tolist()
    logits = torch.zeros(1, *ids[1:2].shape[1:], len(lines.attribute), requires_grad=True)
    sleeves = torch.from_numpy(lines.attribute == list(WORDS).index("sleeve"))
    for line, learns in ((1, False), (2, True)):
        loss_of(logits, ids[[line]], ignored[[line]], lines.special[0]).backward()
        assert bool(logits.grad[0][:, sleeves].abs().sum() > 0) == learns
        logits.grad = None

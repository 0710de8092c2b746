import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention, softmax

from core.tryon.ootd_attention import garment_tokens, keys_values, transformer_blocks, wearing
from tests.core.tryon.ootd_goldens import load


@pytest.fixture(scope="module")
def nets():
    pipeline = load()
    return pipeline.unet_garm, pipeline.unet_vton


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tokens_of(unet_garm, latents, prompt):
    kept = {}
    with torch.inference_mode():
        garment_tokens(unet_garm, latents, prompt, lambda place, x: kept.update({place: x}))
    assert list(kept) == list(range(len(kept)))
    return list(kept.values())


def original_block(block, person, garment, prompt):
    """The description of the original's block: all tokens ask, the garment's half is dropped."""
    both = torch.cat([person, garment], dim=1)
    normed, attn = block.norm1(both), block.attn1

    def heads(tokens):
        return tokens.unflatten(2, (attn.heads, -1)).transpose(1, 2)

    query, key, value = (heads(net(normed)) for net in (attn.to_q, attn.to_k, attn.to_v))
    weights = softmax(query @ key.transpose(2, 3) / query.shape[-1] ** 0.5, dim=-1)
    answer = attn.to_out[0]((weights @ value).transpose(1, 2).flatten(2))
    x = (answer + both).chunk(2, dim=1)[0]
    x = block.attn2(block.norm2(x), encoder_hidden_states=prompt) + x
    return block.ff(block.norm3(x)) + x


@pytest.mark.parametrize(("rows", "samples"), [(1, 1), (2, 1), (2, 3)])
def test_each_block_is_the_originals(nets, rows, samples):
    _, vton = nets
    for place, block in enumerate(transformer_blocks(vton)):
        width = block.norm1.normalized_shape[0]
        person = numbers(rows * samples, 12, width, seed=place)
        prompt = numbers(rows * samples, 2, 32, seed=place + 10)
        garment = numbers(rows, 12, width, seed=place + 20)
        with torch.inference_mode():
            want = original_block(block, person, garment.repeat_interleave(samples, 0), prompt)
            others = [keys_values(vton, place, garment[row : row + 1]) for row in range(rows)]
            dressed = [[other] * len(transformer_blocks(vton)) for other in others]
            with wearing(vton, dressed):
                got = block(person, encoder_hidden_states=prompt)
        assert torch.allclose(got, want, atol=1e-5)


def test_attention_is_as_before_afterwards_even_when_stopped(nets):
    _, vton = nets
    before = [block.attn1.processor for block in transformer_blocks(vton)]
    pairs = [(numbers(1, 1, 1), numbers(1, 1, 1))] * len(before)
    with pytest.raises(KeyboardInterrupt), wearing(vton, [pairs]):
        assert all(
            block.attn1.processor is not old
            for block, old in zip(transformer_blocks(vton), before, strict=True)
        )
        raise KeyboardInterrupt
    assert [block.attn1.processor for block in transformer_blocks(vton)] == before


def test_blocks_are_in_the_order_in_which_they_run(nets):
    garm, _ = nets
    ran = []
    hooks = [
        block.register_forward_hook(lambda module, *_: ran.append(module))
        for block in transformer_blocks(garm)
    ]
    with torch.inference_mode():
        garm(numbers(1, 4, 16, 12), 0, encoder_hidden_states=numbers(1, 2, 32))
    for hook in hooks:
        hook.remove()
    assert ran == transformer_blocks(garm)


def test_nothing_runs_after_the_last_tokens_are_there(nets):
    garm, _ = nets
    last, ran = transformer_blocks(garm)[-1], []
    late = [*last.children(), garm.up_blocks[-1].attentions[-1].proj_out, garm.conv_norm_out,
            garm.conv_out]  # fmt: skip
    hooks = [net.register_forward_pre_hook(lambda module, _: ran.append(module)) for net in late]
    tokens = tokens_of(garm, numbers(1, 4, 16, 12), numbers(1, 2, 32))
    for hook in hooks:
        hook.remove()
    assert ran == [] and len(tokens) == len(transformer_blocks(garm))
    assert not last._forward_pre_hooks  # what listened is gone


def test_a_garments_tokens_never_ask(nets, monkeypatch):
    _, vton = nets
    block = transformer_blocks(vton)[0]
    pair = keys_values(vton, 0, numbers(1, 30, block.norm1.normalized_shape[0]))
    asked = []

    def counted(query, key, value):
        asked.append((query.shape[2], key.shape[2]))
        return scaled_dot_product_attention(query, key, value)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", counted)
    with torch.inference_mode(), wearing(vton, [[pair] * len(transformer_blocks(vton))]):
        block.attn1(numbers(1, 12, block.norm1.normalized_shape[0]))
    assert asked == [(12, 42)]

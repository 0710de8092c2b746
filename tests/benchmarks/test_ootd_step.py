import torch

from benchmarks.ootd_step import JoinedTokens, rows_of, whole_garment
from core.tryon.ootd_attention import transformer_blocks, wearing
from tests.core.tryon.ootd_goldens import load, recorded


def test_the_originals_formula_gives_the_recorded_step_and_ours_the_same():
    _, want = recorded()
    pipeline = load()
    vton, prompt = pipeline.unet_vton, want["prompt_embeds"]
    seen, timestep = want["vton_in_step0"], want["vton_timesteps"][0]

    def step():
        return vton(seen, timestep, encoder_hidden_states=prompt, return_dict=False)[0]

    with torch.inference_mode():
        alone = step()
        features = whole_garment(pipeline.unet_garm, want["garm_latents"], prompt)
        joined = JoinedTokens(vton, features)
        original = step()
        joined.remove()
        with wearing(vton, rows_of(pipeline.unet_garm, vton, want["garm_latents"], prompt)):
            ours = step()
        assert torch.equal(step(), alone)  # neither left anything behind
    assert len(features) == len(transformer_blocks(vton))
    assert (original - want["vton_out"][0]).abs().max() < 1e-4
    assert (ours - original).abs().max() < 1e-4 < (alone - original).abs().max()

"""Every set of weights that some part of the project can use: source, licence, files."""

from dataclasses import dataclass

GB, MB = 10**9, 10**6


@dataclass(frozen=True)
class Checkpoint:
    """A set of weights.

    Attributes:
        name: short name, as commands take it.
        title: what people call it.
        enables: what works with it, a sentence.
        licence: its licence, and what that means for a shop.
        files: what must be there, relative to the folder of checkpoints; ``a|b`` means either.
        repo: where it is published on the Hugging Face hub; empty if it comes with the project.
        revision: branch, tag or commit to fetch.
        patterns: the files of the repo to fetch.
        folder: where the repo's files go, relative to the folder of checkpoints.
        prefix: folder of the repo that stands for `folder`.
        size: bytes to download, about.
    """

    name: str
    title: str
    enables: str
    licence: str
    files: tuple[str, ...]
    repo: str = ""
    revision: str = "main"
    patterns: tuple[str, ...] = ()
    folder: str = ""
    prefix: str = ""
    size: int = 0

    @property
    def source(self) -> str:
        """Where it is published, as an address, or a few words."""
        return f"https://huggingface.co/{self.repo}" if self.repo else "comes with the project"


def _tree(folder: str, *names: str) -> tuple[str, ...]:
    return tuple("|".join(f"{folder}/{part}" for part in name.split("|")) for name in names)


def _clip(folder: str) -> tuple[str, ...]:
    return _tree(
        folder,
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json|vocab.json",
    )


def _ootd(variant: str, title: str, enables: str) -> Checkpoint:
    nets = [f"ootd_{variant}/checkpoint-36000/unet_{net}" for net in ("garm", "vton")]
    return Checkpoint(
        name=f"ootd-{variant}",
        title=title,
        enables=f"{enables} It also needs clip-vit-large-patch14. With schp-parsing and"
        " openpose-body it sees photos of people as the original did.",
        licence="CC BY-NC-SA 4.0: non-commercial use only",
        files=_tree(
            "ootd",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "text_encoder/pytorch_model.bin|text_encoder/model.safetensors",
            "tokenizer/merges.txt",
            "tokenizer/vocab.json",
            "vae/config.json",
            "vae/diffusion_pytorch_model.bin|vae/diffusion_pytorch_model.safetensors",
            *[
                f"{net}/{file}"
                for net in nets
                for file in ("config.json", "diffusion_pytorch_model.safetensors")
            ],
        ),
        repo="levihsu/OOTDiffusion",
        patterns=(
            "checkpoints/ootd/model_index.json",
            "checkpoints/ootd/feature_extractor/*",
            "checkpoints/ootd/scheduler/*",
            "checkpoints/ootd/text_encoder/*",
            "checkpoints/ootd/tokenizer/*",
            "checkpoints/ootd/vae/*",
            *[f"checkpoints/ootd/{net}/*" for net in nets],
        ),
        prefix="checkpoints/",
        size=round(7.7 * GB),
    )


REGISTRY: dict[str, Checkpoint] = {
    checkpoint.name: checkpoint
    for checkpoint in (
        Checkpoint(
            name="clip-fashion-small",
            title="CLIP, small, trained on garments",
            enables="Search by words and by photo, similar items, popularity from photos.",
            licence="trained on data published as MIT and CC0; see its README.md",
            files=_clip("clip-fashion-small"),
            folder="clip-fashion-small",
        ),
        Checkpoint(
            name="parser-ccp-small",
            title="Human parser, small",
            enables="Seeing which articles a photo shows, whether a person wears them, and where.",
            licence="trained on data published as Apache-2.0 and MIT; see its README.md",
            files=_tree(
                "parser-ccp-small", "config.json", "model.safetensors", "preprocessor_config.json"
            ),
            folder="parser-ccp-small",
        ),
        Checkpoint(
            name="cutout-small",
            title="Garment cut-out, small",
            enables="Cutting garments out of product photos on busy ground for the try-on.",
            licence="trained on data published as MIT, Apache-2.0 and CC0; see its README.md",
            files=_tree(
                "cutout-small", "config.json", "model.safetensors", "preprocessor_config.json"
            ),
            folder="cutout-small",
        ),
        Checkpoint(
            name="clip-vit-large-patch14",
            title="CLIP ViT-L/14",
            enables="Better search and popularity from photos; needed by OOTDiffusion.",
            licence="MIT (the code; the model card states no licence for the weights)",
            files=_clip("clip-vit-large-patch14"),
            repo="openai/clip-vit-large-patch14",
            patterns=("*.json", "merges.txt", "model.safetensors", "README.md"),
            folder="clip-vit-large-patch14",
            size=round(1.72 * GB),
        ),
        _ootd("hd", "OOTDiffusion, half body", "Photo-real try-on of tops on half-body photos."),
        _ootd(
            "dc",
            "OOTDiffusion, full body",
            "Photo-real try-on of tops, bottoms and dresses on full-body photos.",
        ),
        Checkpoint(
            name="schp-parsing",
            title="SCHP human parsing",
            enables="Finding the clothes and body parts in an uploaded photo of a person.",
            licence="published with OOTDiffusion (CC BY-NC-SA 4.0); trained on ATR and LIP,"
            " non-commercial research data",
            files=_tree("humanparsing", "parsing_atr.onnx", "parsing_lip.onnx"),
            repo="levihsu/OOTDiffusion",
            patterns=(
                "checkpoints/humanparsing/parsing_atr.onnx",
                "checkpoints/humanparsing/parsing_lip.onnx",
            ),
            prefix="checkpoints/",
            size=534 * MB,
        ),
        Checkpoint(
            name="segformer-b2-clothes",
            title="SegFormer B2, clothes",
            enables="Finding the clothes and body parts in an uploaded photo of a person; it tells"
            " no neck.",
            licence="published as MIT, but derived from NVIDIA's SegFormer, whose own licence is"
            " non-commercial; see both",
            files=_tree(
                "segformer_b2_clothes",
                "config.json",
                "model.safetensors",
                "preprocessor_config.json",
            ),
            repo="mattmdjaga/segformer_b2_clothes",
            patterns=("config.json", "model.safetensors", "preprocessor_config.json", "README.md"),
            folder="segformer_b2_clothes",
            size=110 * MB,
        ),
        Checkpoint(
            name="openpose-body",
            title="OpenPose body",
            enables="Finding the 18 body points in an uploaded photo of a person.",
            licence="OpenPose: academic or non-profit, non-commercial research only",
            files=_tree("openpose/ckpts", "body_pose_model.pth"),
            repo="levihsu/OOTDiffusion",
            patterns=("checkpoints/openpose/ckpts/body_pose_model.pth",),
            prefix="checkpoints/",
            size=209 * MB,
        ),
        Checkpoint(
            name="captioner-fashion-small",
            title="Captions, small, trained on garments",
            enables="Suggesting titles for items that have none, from a closed list of words.",
            licence="trained on data published as MIT and CC0; see its README.md",
            files=_tree(
                "captioner-fashion-small",
                "config.json",
                "model.safetensors",
                "preprocessor_config.json",
                "tokenizer.json",
                "attributes.json",
            ),
            folder="captioner-fashion-small",
        ),
        Checkpoint(
            name="vit-gpt2-image-captioning",
            title="ViT-GPT2 captions",
            enables="Suggesting a description from a photo.",
            licence="Apache-2.0",
            files=_tree(
                "vit-gpt2-image-captioning",
                "config.json",
                "pytorch_model.bin|model.safetensors",
                "preprocessor_config.json",
                "tokenizer.json|vocab.json",
            ),
            repo="nlpconnect/vit-gpt2-image-captioning",
            patterns=("*.json", "merges.txt", "*.safetensors", "pytorch_model.bin", "README.md"),
            folder="vit-gpt2-image-captioning",
            size=987 * MB,
        ),
    )
}
"""Every set of weights that some part of the project can use, by name."""

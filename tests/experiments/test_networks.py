"""Networks are trained once, kept, and taken back only where everything about them agrees."""

import json
from dataclasses import asdict, replace

import pytest
import torch

from tests.experiments.standins import make_data
from vqtutor.data import ImageSet, Split
from vqtutor.experiments import networks as module
from vqtutor.experiments.networks import (
    CLASSIFIERS,
    COMPARED,
    EPOCHS,
    PRIORS,
    SCALES,
    SIZES,
    Networks,
    Plan,
    family,
    inner_shape,
    plan,
)
from vqtutor.experiments.training import Recipe, build
from vqtutor.models import (
    AutoencoderConfig,
    ClassifierConfig,
    Codes,
    PixelCNNConfig,
    VAEConfig,
    VQVAE2Config,
)
from vqtutor.train import FitConfig, Runtime

SHAPE = (1, 16, 16)
RECIPE = Recipe(FitConfig(epochs=2, learning_rate=5e-3), batch_size=32)
VQVAE = VQVAE2Config(SHAPE, 8, 1, 4, 4, 6, 5)
TOP = PixelCNNConfig(6, channels=4, layers=1, num_labels=3, dropout=0.1)
CONFIGS = {
    "judge": ClassifierConfig("modern", SHAPE, 3, (4, 4, 4)),
    "AE": AutoencoderConfig(SHAPE, 3, channels=(4, 4, 4), hidden=8),
    "VAE": VAEConfig(SHAPE, 3, (4, 4, 4), 8),
    "VQ-VAE-2": VQVAE,
    "top prior": TOP,
    "bottom prior": replace(TOP, num_codes=5, condition_codes=6),
}
PLANS = {name: Plan(config, RECIPE) for name, config in CONFIGS.items()}
DATA = make_data()


def make(folder=None, *, data=DATA, resume=False, plans=PLANS, **how):
    return Networks(data, runtime=Runtime("cpu"), folder=folder, resume=resume, plans=plans, **how)


def state(model):
    return model.state_dict()


def same(first, second):
    """Whether two networks hold the same bits."""
    first, second = state(first), state(second)
    return all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.fixture
def trainings(monkeypatch):
    """Models in the order in which they are trained."""
    trained, train = [], module.train

    def note(model, *arguments, **how):
        trained.append(type(model).__name__)
        return train(model, *arguments, **how)

    monkeypatch.setattr(module, "train", note)
    return trained


# --- trained once --------------------------------------------------------------------------------


def test_each_is_trained_at_first_use(trainings):
    networks = make()
    assert trainings == []
    model = networks["AE"]
    assert networks["AE"] is model
    assert trainings == ["Autoencoder"]
    assert not model.training
    assert list(networks.histories) == ["AE"]
    assert len(networks.histories["AE"].validation) == 2
    assert list(networks.compared) == list(COMPARED)
    assert networks.compared["AE"] is model
    assert networks.judge is networks["judge"]
    assert trainings == ["Autoencoder", "VAE", "VQVAE2", "WarmupCNN"]


def test_a_prior_trains_the_model_whose_codes_it_learns(trainings):
    networks = make()
    bottom = networks["bottom prior"]
    assert trainings == ["VQVAE2", "PixelCNN"]
    vqvae = networks["VQ-VAE-2"]
    assert trainings == ["VQVAE2", "PixelCNN"]
    with torch.no_grad():
        codes = vqvae.encode(DATA.validation.images / 255)
        logits = bottom(codes.bottom, DATA.validation.labels, codes.top)
        nats = torch.nn.functional.cross_entropy(logits, codes.bottom).item()
    history = networks.histories["bottom prior"]
    assert history.validation[history.best_epoch]["total"] == pytest.approx(nats, rel=1e-4)
    assert torch.equal(networks.codes["validation"].bottom, codes.bottom)
    assert len(networks.codes["train"].top) == len(DATA.train)


def test_priors_learn_codes_with_their_labels_and_top_grids(monkeypatch):
    sources, drawn, train = {}, {}, module.train

    def draw(_, split):
        count = len(split)
        drawn[count] = Codes(torch.randint(6, (count, 2, 2)), torch.randint(5, (count, 4, 4)))
        return drawn[count]

    def note(model, source, *arguments, **how):
        sources[model.config] = source
        return train(model, source, *arguments, **how)

    monkeypatch.setattr(module, "extract_codes", draw)
    monkeypatch.setattr(module, "train", note)
    networks = make()
    networks["top prior"], networks["bottom prior"]
    for position, split in enumerate((DATA.train, DATA.validation)):
        top, bottom = drawn[len(split)]
        codes, labels, condition = sources[CONFIGS["top prior"]][position]
        assert codes is top
        assert labels is split.labels
        assert condition is None
        codes, labels, condition = sources[CONFIGS["bottom prior"]][position]
        assert codes is bottom
        assert labels is split.labels
        assert condition is top


def test_the_order_of_asking_does_not_matter():
    names = list(PLANS)
    forth, back = make(), make()
    for name in names:
        forth[name]
    for name in names[::-1]:
        torch.rand(3)  # and neither does what else was drawn
        back[name]
    assert all(same(forth[name], back[name]) for name in names)


def test_seeds():
    first, again, other = make(seed=0)["VAE"], make(seed=0)["VAE"], make(seed=1)["VAE"]
    assert same(first, again)
    assert not same(first, other)


def test_each_report_is_made_for_one_network():
    told = []

    def report(name):
        return lambda progress: told.append((name, progress.step))

    networks = make(report=report)
    networks["AE"]
    assert {name for name, _ in told} == {"AE"}
    networks["VAE"]
    assert {name for name, _ in told} == {"AE", "VAE"}
    assert max(step for _, step in told) == 2 * (120 // 32)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"network must be one of 'judge', 'AE', .*; got 'GAN'"):
        make()["GAN"]


def test_without_labels_there_is_no_judge_and_no_label_in_the_priors():
    data = make_data(labels=False)
    planned = plan(data)
    assert not set(CLASSIFIERS) & planned.keys()
    assert {planned[name].config.num_labels for name in PRIORS} == {0}
    plans = {name: PLANS[name] for name in COMPARED}
    for name in PRIORS:
        plans[name] = Plan(replace(CONFIGS[name], num_labels=0), RECIPE)
    networks = make(data=data, plans=plans)
    assert networks.judge is None
    codes = networks.codes["train"]
    assert networks["top prior"](codes.top[:2]).shape == (2, 6, 2, 2)
    assert networks["bottom prior"](codes.bottom[:2], None, codes.top[:2]).shape == (2, 5, 4, 4)
    with pytest.raises(ValueError, match="labels must be None"):
        networks["top prior"](codes.top[:2], torch.zeros(2, dtype=torch.int64))


# --- kept on disk --------------------------------------------------------------------------------


def test_a_resumed_network_is_the_same_to_the_last_bit(tmp_path, trainings):
    first = make(tmp_path)
    for name in PLANS:
        first[name]
    count = len(trainings)
    second = make(tmp_path, resume=True)
    for name in PLANS:
        assert same(first[name], second[name])
        assert not second[name].training
        assert asdict(first.histories[name]) == asdict(second.histories[name])
    assert len(trainings) == count
    images = DATA.test.images / 255
    with torch.no_grad():
        for name in ("AE", "judge"):
            before, after = first[name](images), second[name](images)
            if name == "AE":
                before, after = before.reconstruction, after.reconstruction
            assert torch.equal(before, after), name
        assert torch.equal(
            first["VQ-VAE-2"](images).unclamped, second["VQ-VAE-2"](images).unclamped
        )


def test_without_resume_all_is_trained_anew(tmp_path, trainings):
    make(tmp_path)["AE"]
    make(tmp_path)["AE"]
    assert trainings == ["Autoencoder"] * 2


def test_resume_from_an_empty_folder_and_without_one(tmp_path, trainings):
    make(tmp_path / "new", resume=True)["AE"]
    make(None, resume=True)["AE"]
    assert trainings == ["Autoencoder"] * 2
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"ae.safetensors", "ae.json"}


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"data": replace(DATA, name="other")},
        {"data": make_data(train=121)},
        {"plans": {"AE": Plan(replace(CONFIGS["AE"], latent_dim=4), RECIPE)}},
        {"plans": {"AE": Plan(CONFIGS["AE"], replace(RECIPE, batch_size=16))}},
        {"plans": {"AE": Plan(CONFIGS["AE"], replace(RECIPE, fit=FitConfig(3)))}},
    ],
    ids=["seed", "name", "images", "config", "batch_size", "fit"],
)
def test_what_was_trained_otherwise_is_not_resumed(tmp_path, trainings, changed):
    make(tmp_path)["AE"]
    networks = make(tmp_path, resume=True, **changed)
    assert networks.cost("AE") > 0
    assert networks["AE"].config == networks.plans["AE"].config
    assert trainings == ["Autoencoder"] * 2


def test_priors_of_other_codes_are_not_resumed(tmp_path, trainings):
    """As when a run is started anew, is interrupted after the VQ-VAE-2, and then resumed."""
    networks = make(tmp_path)
    networks["top prior"], networks["bottom prior"]
    make(tmp_path)["VQ-VAE-2"]
    trainings.clear()
    resumed = make(tmp_path, resume=True)
    assert resumed.cost("VQ-VAE-2") == 0
    assert resumed.cost("top prior") > 0
    resumed["top prior"]
    assert trainings == ["PixelCNN"]


def test_priors_whose_model_is_gone_are_not_resumed(tmp_path, trainings):
    make(tmp_path)["top prior"]
    (tmp_path / "vq-vae-2.safetensors").unlink()
    trainings.clear()
    resumed = make(tmp_path, resume=True)
    assert resumed.cost("top prior") > 0
    assert trainings == []  # asking for the cost trains nothing
    resumed["top prior"]
    assert trainings == ["VQVAE2", "PixelCNN"]


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def fill(path, content):
    path.write_text(content)


@pytest.mark.parametrize(
    ("file", "damage", "said"),
    [
        ("ae.safetensors", cut_short, "not a whole safetensors file"),
        ("ae.json", cut_short, "JSONDecodeError"),
        ("ae.json", lambda path: fill(path, "{}"), "history"),
        ("ae.json", lambda path: fill(path, "[]"), "ae.json"),
        ("ae.json", lambda path: fill(path, '{"history": {"epochs": 3}}'), "epochs"),
    ],
)
def test_damaged_files_are_named_and_the_network_trained_anew(
    tmp_path, trainings, file, damage, said
):
    first = make(tmp_path)["AE"]
    damage(tmp_path / file)
    with pytest.warns(UserWarning, match=rf"'AE' is trained anew: .*{said}"):
        second = make(tmp_path, resume=True)["AE"]
    assert same(first, second)
    assert trainings == ["Autoencoder"] * 2
    assert same(first, make(tmp_path, resume=True)["AE"])  # whole again


def test_weights_of_another_plan_beside_an_old_history_are_not_resumed(tmp_path, monkeypatch):
    """A run that stops between writing the weights and the history leaves no lie behind."""
    make(tmp_path)["AE"]
    larger = {"AE": Plan(replace(CONFIGS["AE"], latent_dim=4), RECIPE)}
    monkeypatch.setattr(module.checkpoint, "write_whole", refuse)
    with pytest.raises(OSError, match="no space"):
        make(tmp_path, plans=larger)["AE"]
    monkeypatch.undo()
    assert make(tmp_path, resume=True)["AE"].config.latent_dim == 3


def refuse(path, content):
    if path.suffix == ".json":
        raise OSError("no space")
    path.write_bytes(content)


def test_ctrl_c_keeps_nothing_of_the_network_in_training(tmp_path):
    def report(_):
        def stop(progress):
            if progress.step == 4 and not progress.finished:
                raise KeyboardInterrupt

        return stop

    networks = make(tmp_path, report=report)
    with pytest.raises(KeyboardInterrupt, match="training of 'AE' was interrupted"):
        networks["AE"]
    assert list(tmp_path.iterdir()) == []
    networks.report = lambda _: lambda _: None
    assert same(networks["AE"], make()["AE"])


def test_costs_grow_with_epochs_and_images_and_vanish_when_paid():
    networks = make()
    twice = {"AE": Plan(CONFIGS["AE"], replace(RECIPE, fit=FitConfig(4)))}
    assert make(plans=twice).cost("AE") == pytest.approx(2 * networks.cost("AE"))
    more = make(data=make_data(train=240))
    assert more.cost("AE") == pytest.approx(2 * networks.cost("AE"))
    networks["AE"]
    assert networks.cost("AE") == 0


def test_description_is_plain_and_says_all():
    described = make(seed=3).describe(["AE", "top prior", "no such network"])
    assert described == json.loads(json.dumps(described))
    assert list(described) == ["AE", "top prior"]
    assert described["AE"]["seed"] == 3
    assert described["AE"]["data"] == "bands"
    assert described["AE"]["config"]["latent_dim"] == 3
    assert described["AE"]["recipe"]["fit"]["epochs"] == 2
    assert described["top prior"]["VQ-VAE-2"]["config"]["code_dim"] == 4


# --- plans ---------------------------------------------------------------------------------------


def blank(shape, *, padding=(0, 0, 0, 0), count=40, labels=True):
    images = torch.zeros(count, *shape, dtype=torch.uint8)
    split = Split(images, torch.arange(count) % 2 if labels else None)
    names = ("zero", "one") if labels else ()
    return ImageSet("blank", split, split, split, names, padding)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("count", [40, 10_000])
def test_every_plan_has_its_epochs(scale, count):
    plans = plan(blank((1, 16, 16), count=count), scale)
    assert list(plans)[:4] == list(CLASSIFIERS)
    assert {f"AE-{size}" for size in SIZES} | {"AE-linked", *COMPARED, *PRIORS} < plans.keys()
    for name, planned in plans.items():
        assert planned.recipe.fit.epochs == EPOCHS[scale, count >= 10_000][family(name)]
        assert planned.recipe.batch_size == (128 if count >= 10_000 else 32)
    assert {family(name) for name in plans} == EPOCHS[scale, True].keys() == module.COSTS.keys()
    for size in SIZES:
        assert plans[f"AE-{size}"].config.latent_dim == size


def test_full_trains_at_least_as_long_as_quick():
    for large in (False, True):
        for kind, epochs in EPOCHS["quick", large].items():
            assert EPOCHS["full", large][kind] >= epochs


@pytest.mark.parametrize(
    ("shape", "padding", "inner"),
    [
        ((1, 32, 32), (2, 2, 2, 2), (1, 28, 28)),
        ((3, 32, 32), (0, 0, 0, 0), (3, 32, 32)),
        ((1, 32, 32), (1, 1, 1, 1), (1, 32, 32)),  # no network takes 30x30
        ((2, 16, 24), (0, 4, 2, 2), (2, 12, 20)),
    ],
)
@pytest.mark.parametrize("labels", [True, False])
def test_every_planned_network_takes_the_images(shape, padding, inner, labels):
    data = blank(shape, padding=padding, count=2, labels=labels)
    assert inner_shape(data) == inner
    for name, planned in plan(data).items():
        small = name in (*CLASSIFIERS[:-1], "AE-linked")
        if name not in PRIORS:
            assert planned.config.image_shape == (inner if small else shape)
            build(planned.config).eval()(torch.zeros(1, *(inner if small else shape)))
    plans = plan(data)
    vqvae = plans["VQ-VAE-2"].config
    assert plans["top prior"].config.num_codes == vqvae.num_codes_top
    assert plans["bottom prior"].config.num_codes == vqvae.num_codes_bottom
    assert plans["bottom prior"].config.condition_codes == vqvae.num_codes_top
    assert plans["top prior"].config.num_labels == data.num_classes


def test_the_autoencoders_have_as_many_numbers_and_the_same_body():
    for shape in ((1, 16, 16), (3, 16, 16)):
        plans = plan(blank(shape))
        first, second = plans["AE"].config, plans["VAE"].config
        for field in ("image_shape", "latent_dim", "channels", "hidden"):
            assert getattr(first, field) == getattr(second, field)
        assert plans["AE"].recipe == plans["VAE"].recipe


def test_unknown_scale():
    with pytest.raises(ValueError, match="scale must be one of 'quick', 'full'; got 'huge'"):
        plan(DATA, "huge")

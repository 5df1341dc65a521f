"""Networks are trained once, kept, and taken back only where everything about them agrees."""

import json
from dataclasses import asdict, replace

import pytest
import torch

from tests.experiments.standins import make_data
from vqtutor.experiments import networks as module
from vqtutor.experiments.networks import Networks
from vqtutor.experiments.plans import CLASSIFIERS, COMPARED, PRIORS, Plan, plan
from vqtutor.experiments.training import Recipe
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
for name in PRIORS:
    PLANS[name] = replace(PLANS[name], codes_of="VQ-VAE-2", level=name.split()[0])
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
    assert networks.judge is networks.judge
    assert networks.judge.classifier is networks["judge"]
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
    assert torch.equal(networks.codes()["validation"].bottom, codes.bottom)
    assert len(networks.codes()["train"].top) == len(DATA.train)


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


@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("top", [0, 6])
def test_a_prior_is_given_what_its_config_takes(monkeypatch, labels, top):
    sources, train = [], module.train
    config = replace(CONFIGS["bottom prior"], num_labels=labels, condition_codes=top)
    plans = PLANS | {
        "other codes": Plan(replace(VQVAE, join="add"), RECIPE),
        "prior": Plan(config, RECIPE, codes_of="other codes", level="bottom"),
    }

    def note(model, source, *arguments, **how):
        sources.append(source)
        return train(model, source, *arguments, **how)

    networks = make(plans=plans)
    networks["other codes"]
    monkeypatch.setattr(module, "train", note)
    networks["prior"]
    (splits,) = sources
    with torch.no_grad():
        expected = networks["other codes"].encode(DATA.train.images / 255)
    codes, given, condition = splits[0]
    assert torch.equal(codes, expected.bottom)
    assert given is (DATA.train.labels if labels else None)
    assert condition is (networks.codes("other codes")["train"].top if top else None)


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
        plans[name] = replace(PLANS[name], config=replace(CONFIGS[name], num_labels=0))
    networks = make(data=data, plans=plans)
    assert networks.judge is None
    codes = networks.codes()["train"]
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


def test_new_codes_make_their_own_priors_worthless_and_no_others(tmp_path):
    plans = PLANS | {
        "other codes": Plan(VQVAE, RECIPE),
        "other prior": Plan(TOP, RECIPE, codes_of="other codes", level="top"),
    }
    networks = make(tmp_path, plans=plans)
    networks["top prior"], networks["other prior"]
    make(tmp_path, plans=plans)["other codes"]
    resumed = make(tmp_path, plans=plans, resume=True)
    assert resumed.cost("top prior") == 0
    assert resumed.cost("other prior") > 0


def test_networks_older_than_a_field_of_their_config_are_resumed(tmp_path, trainings):
    make(tmp_path)["top prior"]
    trainings.clear()
    path = tmp_path / "top-prior.json"
    content = json.loads(path.read_text())
    del content["config"]["dropout"]
    path.write_text(json.dumps(content))
    assert make(tmp_path, resume=True).cost("top prior") > 0  # 0.1 is not the default
    content = json.loads(path.read_text())
    content["config"]["dropout"] = 0.1
    del content["config"]["condition_codes"]
    del content["recipe"]["likelihood"]
    del content["recipe"]["fit"]["weight_decay"]
    del content["VQ-VAE-2"]["config"]["top_to_bottom"]
    path.write_text(json.dumps(content))
    make(tmp_path, resume=True)["top prior"]
    assert trainings == []


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

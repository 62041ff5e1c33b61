# %% [markdown]
# # Train a rhythmic RNN
#
# Lecture: "Rhythmic RNN Summary" and "Rhythmic RNN in practice".
#
# A layer of rhythmic nodes, each with a rhythm of its own, is pushed by an input $u_t$:
#
# $$\vec x_t = u_t + \vec w_1 \vec x_{t-1} + \vec w_2 \vec x_{t-2}$$
#
# The big question: is the rhythmic RNN better? First look at what such a network is given, then
# train one, in seconds, on a task made for rhythms, and read what it has learned.

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import rhythmic
from rhythmic import data
from rhythmic.networks import NetworkSpec
from rhythmic.plotting.style import lecture_style
from rhythmic.tasks import FrequencyDiscrimination
from rhythmic.training import TrainingConfiguration, fresh_split

lecture_style()

# %% [markdown]
# ## A digit as a sound
#
# The lecture's networks read a handwritten digit one pixel a millisecond, row by row. Eleven nodes,
# one rhythm each, are pushed by every pixel. Not trained yet, and not connected: what does each
# node hear?

# %%
digit = 1500  # Change me: 0 to 4999; 500 of each digit, in order

digits = data.load_mnist5k()
pixels = digits.images[digit] / 255.0
frequencies = rhythmic.ladder("golden")
layer = rhythmic.ResonantCell(frequencies, key=jax.random.key(0), recurrence=False)
inputs = jnp.asarray(pixels, jnp.float32)[:, None]  # (time, feature)
run = rhythmic.trajectory(layer, inputs, observe=layer.squared_amplitude)
amplitude = jnp.sqrt(run.observed)  # (time, node)

figure = plt.figure(figsize=(10, 4.6))
picture, sound, heard = figure.subplot_mosaic("PS;PH", width_ratios=[1, 2.2]).values()
picture.imshow(pixels.reshape(28, 28), cmap="gray_r")
picture.set_title(f"a {digits.labels[digit]}")
picture.axis("off")
sound.plot(pixels, color="black", linewidth=0.8)
sound.set(ylabel="pixel", xlim=(0, 784))
relative = np.asarray(amplitude / amplitude.max(axis=0)).T
image = heard.imshow(relative, aspect="auto", origin="lower", cmap="cividis")
heard.set(xlabel="time (ms)", ylabel="node (Hz)", yticks=[0, 5, 10])
heard.set_yticklabels([f"{f:.0f}" for f in frequencies[[0, 5, 10]]])
figure.colorbar(image, ax=heard, label="amplitude\n(of its largest)")
plt.show()

# %% [markdown]
# ## A task made for rhythms
#
# Is it 10 Hz or 14 Hz? Half a second of a tone in noise, a sample every 10 ms; at the last one the
# network must say which.

# %%
signal_to_noise = 0.7  # Change me: 0.2, 0.4, 1
tones = (10.0, 14.0)  # Change me: Hz, multiples of 2, below 50

task = FrequencyDiscrimination(signal_to_noise, frequencies=tones)
examples = task.sample(num_examples=2, key=jax.random.key(2))
ideal = 100 * task.ideal_accuracy()
print(f"who knows everything but the phase is right in {ideal:.1f} %")

milliseconds = 1e3 * np.arange(task.num_steps) / task.sample_rate
figure, panels = plt.subplots(2, 1, figsize=(9, 4.4), sharex=True, sharey=True)
for k, panel in enumerate(panels):
    panel.plot(milliseconds, examples.inputs[:, 0, k], ".-", color=f"C{k}")
    panel.set(ylabel="input", title=f"{tones[examples.targets[-1, k]]:g} Hz in noise")
panels[1].set_xlabel("time (ms)")
plt.show()

# %% [markdown]
# ## Train
#
# Two rhythmic nodes and a readout of their positions and amplitudes. The nodes start at 5 Hz and
# 20 Hz, wrong for the tones. One network must keep these rhythms and learns its readout alone; the
# other may move them. Each is scored on 512 sequences that it has never heard.

# %%
start_frequencies = (5.0, 20.0)  # Change me: Hz, below 25
batch_size, num_updates = 32, 10  # of an epoch, each on sequences that are drawn for it
recipe = TrainingConfiguration(epochs=30, batch_size=batch_size, momentum="constant")
split = fresh_split(batch_size * num_updates, num_validation=512, num_test=512)


def train(rhythms):
    """Train two networks; return them, what they showed after every epoch, what they scored."""
    options = {
        "frequencies": start_frequencies,
        "sample_rate": task.sample_rate,
        "pole_radius": 0.95,
        "recurrence": False,
        "rhythms": rhythms,
    }
    spec = NetworkSpec("rrn", 2, options=options, name=rhythms)
    return rhythmic.train(
        spec, task, seeds=(1, 2), learning_rates=(0.1,), recipe=recipe, split=split, quiet=True
    )


networks, losses, accuracies = {}, {}, {}
for rhythms in ("fixed", "learned"):
    trained = train(rhythms)
    networks[rhythms] = trained.networks[0]
    losses[rhythms], accuracies[rhythms] = trained.history.train_loss, trained.test_scores
    print(f"{rhythms:8} rhythms: right in {np.round(100 * accuracies[rhythms], 1)} %")

# %%
figure, axes = plt.subplots()
for name, style in (("fixed", "--"), ("learned", "-")):
    updates = num_updates * (np.arange(recipe.epochs) + 0.5)
    axes.plot(updates, losses[name].mean(axis=0), style, label=f"{name} rhythms")
axes.axhline(np.log(2), color="0.6", linewidth=1, label="guessing")
axes.set(xlabel="update", ylabel="loss (nats)", ylim=(0, None))
axes.legend(loc="upper right")
plt.show()

# %% [markdown]
# ## What has it learned?
#
# Read the rhythms out of the trained network.

# %%
nodes = networks["learned"].cell.nodes
for k, now in enumerate(nodes.frequencies()):
    radius = nodes.pole_radius()[k]
    print(f"node {k}: {start_frequencies[k]:4.1f} -> {now:4.1f} Hz,", end=" ")
    print(f"pole radius 0.95 -> {radius:.3f}")

# %% [markdown]
# Then ask it. Play pure tones, without noise. The evidence for the higher one is the difference of
# the two outputs; below zero it takes the tone for the lower one. Which tones does each network
# listen to?

# %%
played = np.linspace(1, 25, 97)  # Hz
phases = np.arange(8) / 8  # the answer is averaged over them
seconds = np.arange(task.num_steps) / task.sample_rate
turns = seconds[:, None, None] * played[:, None] + phases
sound = np.sqrt(2) * np.sin(2 * np.pi * turns)  # (time, tone, phase)
batch = np.moveaxis(sound.reshape(len(sound), -1), 0, 1)[..., None]  # (batch, time, channel)

figure, axes = plt.subplots(figsize=(9, 4))
axes.axhline(0, color="0.7", linewidth=1)
for tone in tones:
    axes.axvline(tone, color="0.7", linestyle=":")
for name, style in (("fixed", "--"), ("learned", "-")):
    logits = np.asarray(networks[name](batch))[:, -1]  # after the last step
    evidence = (logits[:, 1] - logits[:, 0]).reshape(len(played), -1).mean(axis=-1)
    axes.plot(played, evidence / abs(evidence).max(), style, label=f"{name} rhythms")
axes.set_xlabel("tone played (Hz)")
axes.set_ylabel(f"evidence for {tones[1]:g} Hz\n(of its largest)")
axes.legend(loc="upper left")
plt.show()

# %% [markdown]
# ## Exercises
#
# **1.** How many numbers does each of the two networks learn?
#
# <details><summary>Answer</summary>
#
# The readout sees two positions and two amplitudes and says two things: $2 \times 4$ weights and 2
# biases, 10 numbers. Learned rhythms add a frequency and a decay for each node: 14.
#
# ```python
# counts = {name: network.num_parameters() for name, network in networks.items()}
# print(counts)
# assert counts == {"fixed": 10, "learned": 14}
# ```
#
# </details>

# %% [markdown]
# **2.** With the rhythms fixed at 5 and 20 Hz it does little better than guessing. Why, if each
# node answers each tone a little?
#
# <details><summary>Answer</summary>
#
# Every node hears every tone, but it hears best what is near its own frequency, and far from the
# tones that is noise. In the end the tone makes up this much of a node's swing, relative to the
# noise:
#
# ```python
# dt = 1 / task.sample_rate
#
#
# def tone_over_noise(node_frequencies):
#     w1, w2 = rhythmic.weights_from_poles(np.array(node_frequencies), 0.95, dt)
#     tone = np.abs(rhythmic.frequency_response(w1, w2, np.array(tones)[:, None], dt))
#     return signal_to_noise * tone / np.sqrt(rhythmic.stationary_variance(w1, w2, 1.0))
#
#
# far, near = tone_over_noise(start_frequencies), tone_over_noise(tones)  # (tone, node)
# print("5 and 20 Hz nodes:", far.round(2).tolist())
# print("10 and 14 Hz nodes:", near.round(2).tolist())
# assert far.max() < 0.5 < 1.5 < np.diag(near).min()
# ```
#
# On the tones, each node favours its own. That is where training has moved them:
#
# ```python
# assert np.allclose(nodes.frequencies(), tones, atol=0.5)
# assert accuracies["learned"].min() > 0.95 and accuracies["fixed"].max() < 0.65
# ```
#
# </details>

# %% [markdown]
# **3.** Is that a proof that the rhythmic RNN is better? What would you compare, and how often?
#
# <details><summary>Answer</summary>
#
# No. The task was made for rhythms, and two seeds are few. A fair comparison holds networks to the
# same number of parameters, chooses each one's learning rate by the same rule, tests once, on many
# seeds, and on tasks that were not made for it. The experiments of this project do that for
# handwritten digits (`python -m experiments.mnist`) and for further questions. The lecture's own
# answer is "maybe".
#
# </details>

# %% [markdown]
# # Simulate the RNN
#
# Lecture: "RRN vs Feedforward", "RRN hidden layer activity" and "RNN model".
#
# What is different from the feedforward network? The hidden layer hears itself, one step later:
#
# $$\vec h_t = W_{ih}\vec I_t + W_{hh}\vec h_{t-1} + \vec b_h, \qquad
# \vec H_t = \phi(\vec h_t), \qquad \vec o_t = W_{ho}\vec H_t + \vec b_o$$

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.transform import Rotation

import rhythmic
from rhythmic.plotting.style import lecture_style

lecture_style()

# %% [markdown]
# ## A network of three hidden neurons
#
# One input, three hidden neurons, one output. $W_{hh}$ is a gain times a matrix that turns the
# activity without changing its size. The input is one pulse; what comes after it is memory.

# %%
gain = 0.9  # Change me: 0, 0.5, 0.99, 1, 1.05
num_steps = 60

turn = Rotation.from_rotvec([0.3, 0.2, -0.4]).as_matrix()
weights_ih = np.array([[1.0], [0.6], [-0.4]])
weights_hh = gain * turn
weights_ho = np.array([[1.0, -1.0, 0.5]])
bias_h, bias_o = np.zeros(3), np.zeros(1)

inputs = np.zeros((num_steps, 1))  # (time, feature)
inputs[5] = 1.0  # Change me: a second pulse, inputs[30] = -1

network = (weights_ih, weights_hh, weights_ho, bias_h, bias_o)
simulated = rhythmic.simulate_rnn(*network, inputs)

# %% [markdown]
# The lecture's equation is a loop of one line. The library does the same:

# %%
h = np.zeros(3)
for t in range(num_steps):
    h = weights_ih @ inputs[t] + weights_hh @ h + bias_h

print("last h by the loop:   ", np.round(h, 6))
print("last h by the library:", np.round(np.asarray(simulated.activity[-1]), 6))

# %%
figure, panels = plt.subplots(3, 1, figsize=(9, 6), sharex=True)
panels[0].plot(inputs, color="black", drawstyle="steps-mid")
panels[1].plot(simulated.activity, label=["$h_1$", "$h_2$", "$h_3$"])
panels[2].plot(simulated.readout, color="black")
for panel, name in zip(panels, ("input I", "activity h", "output o"), strict=True):
    panel.set_ylabel(name)
panels[1].legend(loc="upper right", ncols=3, borderaxespad=0)
panels[2].set_xlabel("time t (steps)")
panels[0].set_title(f"gain {gain:g}")
figure.align_ylabels()
plt.show()

# %% [markdown]
# ## How long does it remember?
#
# The size $|\vec h_t|$ after the pulse, for several gains. It is the first notebook again,
# $h_t = w h_{t-1}$, with the gain in the place of $w$.

# %%
gains = (0.5, 0.9, 1.0, 1.05)  # Change me
sizes = {}
for g in gains:
    states = rhythmic.simulate_rnn(weights_ih, g * turn, *network[2:], inputs).activity
    sizes[g] = np.linalg.norm(states, axis=1)

figure, axes = plt.subplots()
for (g, size), style in zip(sizes.items(), ("-", "--", "-.", ":"), strict=False):
    axes.semilogy(np.arange(5, num_steps) - 5, size[5:], style, label=f"gain {g:g}")
axes.set(xlabel="steps after the pulse", ylabel="size |h|", ylim=(1e-4, 1e2))
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# ## Exercises
#
# **1.** Set the gain to 0. Which network is left?
#
# <details><summary>Answer</summary>
#
# The feedforward network, run on each input by itself: $\vec h_t = W_{ih}\vec I_t$. It answers the
# pulse while the pulse lasts, and forgets it.
#
# ```python
# from rhythmic import static
#
# without = rhythmic.simulate_rnn(weights_ih, 0 * turn, *network[2:], inputs)
# forward = static.feedforward_network([weights_ih, weights_ho])
# same = static.feedforward_response(forward, inputs.T, ("tanh", "identity"))
# assert np.allclose(without.activity, same[0].activity.T, atol=1e-6)
# assert np.allclose(without.readout, same[1].activity.T, atol=1e-6)
# assert np.all(without.activity[6:] == 0)
# ```
#
# </details>

# %% [markdown]
# **2.** After how many steps is less than one per cent of the pulse left, with gain 0.9? With 0.99?
#
# <details><summary>Answer</summary>
#
# $W_{hh}$ turns and shrinks by the gain, so $|\vec h|$ falls as $g^n$. It passes 0.01 at
# $n = \ln 0.01 / \ln g$: step 44 for 0.9, step 459 for 0.99.
#
# ```python
# for g, expected in ((0.9, 44), (0.99, 459)):
#     pulse = np.zeros((600, 1))
#     pulse[0] = 1.0
#     after = rhythmic.simulate_rnn(weights_ih, g * turn, *network[2:], pulse).activity
#     left = np.linalg.norm(after, axis=1) / np.linalg.norm(after[0])
#     print(f"gain {g}: step {np.argmax(left < 0.01)}")
#     assert np.argmax(left < 0.01) == expected == np.ceil(np.log(0.01) / np.log(g))
# ```
#
# </details>

# %% [markdown]
# **3.** The lecture feeds back the activity $\vec h$. Most libraries feed back the output
# $\vec H = \tanh(\vec h)$. What does that change for gain 1.05?
#
# <details><summary>Answer</summary>
#
# With the activity fed back the recurrence is linear and explodes. With the output fed back each
# step passes through $\tanh$, and nothing can grow beyond 1.
#
# ```python
# long = np.zeros((400, 1))
# long[0] = 1.0
# grown = {}
# for feedback in ("activity", "output"):
#     run = rhythmic.simulate_rnn(weights_ih, 1.05 * turn, *network[2:], long, feedback=feedback)
#     grown[feedback] = float(np.linalg.norm(run.activity[-1]))
# print(grown)
# start = np.linalg.norm(weights_ih)
# assert np.isclose(grown["activity"], start * 1.05**399, rtol=1e-3)
# assert 0 < grown["output"] < np.sqrt(3) * 1.05
# ```
#
# </details>

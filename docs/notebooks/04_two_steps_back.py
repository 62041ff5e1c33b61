# %% [markdown]
# # Two steps back
#
# Lecture: "What about rhythms?" and "Rhythmic RNN".
#
# None of the models so far can generate a rhythm on its own, says the lecture. But a small
# modification can support rhythms. Let the neuron look two steps back:
#
# $$h_t = w_1 h_{t-1} + w_2 h_{t-2}$$
#
# What does this do?

# %%
import matplotlib.pyplot as plt
import numpy as np

import rhythmic
from rhythmic.plotting.style import lecture_style

lecture_style()

# %% [markdown]
# ## Take the steps
#
# Two starting values are needed now, $h_0$ and $h_1$.

# %%
w1 = 1.85  # Change me: 1.0, 0.5, -1.85, 2.0
w2 = -0.95  # Change me: -1, -0.5, 0.1, -1.02
num_steps = 80

h = [0.0, 1.0]
for t in range(2, num_steps + 1):
    h.append(w1 * h[t - 1] + w2 * h[t - 2])

path = rhythmic.second_order_trajectory(w1, w2, 0.0, 1.0, num_steps)
regime = rhythmic.SecondOrderRegime(int(rhythmic.second_order_regime(w1, w2)))
print(f"last h by the loop: {h[-1]:.6f}, by the library: {path[-1]:.6f}")
print(f"in the distant future: {regime.name.lower().replace('_', ' ')}")

# %%
figure, axes = plt.subplots(figsize=(9, 3.6))
axes.axhline(0, color="0.8", linewidth=1)
axes.plot(path, ".-")
axes.set(xlabel="time t (steps)", ylabel="activity h")
axes.set_title(f"$w_1$ = {w1}, $w_2$ = {w2}")
plt.show()

# %% [markdown]
# ## The map of the two weights
#
# Try $h_t = z^t$. It is a solution if $z^2 = w_1 z + w_2$: two roots. A complex pair
# oscillates, at a frequency that its angle tells. The larger modulus says whether activity
# disappears or explodes.
#
# - It **disappears** inside the triangle $|w_2| < 1$, $|w_1| < 1 - w_2$.
# - It **oscillates** below the parabola $w_1^2 + 4 w_2 = 0$.
#
# Where does your node stand?

# %%
grid1, grid2 = np.meshgrid(np.linspace(-2.5, 2.5, 401), np.linspace(-1.5, 1.5, 301))
oscillates = rhythmic.is_oscillatory(grid1, grid2)
disappears = rhythmic.is_stable(grid1, grid2)
roots = np.asarray(rhythmic.second_order_roots(w1, w2))

figure, (plane, circle) = plt.subplots(1, 2, figsize=(11, 4.4), width_ratios=[1.5, 1])
kind = 2 * disappears + oscillates
plane.contourf(
    grid1,
    grid2,
    kind,
    levels=[-0.5, 0.5, 1.5, 2.5, 3.5],
    colors=["0.93", "0.8", "#BFDDF0", "#6FB1DD"],
)
names = {1.25: "explodes", 0.35: "disappears", -1.25: "oscillates and explodes"}
names[-0.5] = "oscillates\nand disappears"
for height, name in names.items():
    plane.text(0, height, name, ha="center", va="center")
plane.plot(w1, w2, "o", color="black", markersize=10)
plane.set(xlabel="weight $w_1$ (one step back)", ylabel="weight $w_2$ (two steps back)")
angle = np.linspace(0, 2 * np.pi, 200)
circle.plot(np.cos(angle), np.sin(angle), color="0.6", linewidth=1)
circle.plot(roots.real, roots.imag, "o", color="black", markersize=10)
circle.set(xlabel="real part of the roots", ylabel="imaginary part", aspect="equal")
plt.show()

# %% [markdown]
# ## In Hz and seconds
#
# With a step of 1 ms the angle of the root is a frequency, and its modulus a decay time. It works
# backwards too: choose a rhythm, and the weights follow.

# %%
dt = 1e-3  # s
frequency = 40.0  # Change me: Hz, below 500
pole_radius = 0.99  # Change me: 0.9, 0.999, 1, 1.005

weights = rhythmic.weights_from_poles(frequency, pole_radius, dt)
ringing = rhythmic.second_order_trajectory(*weights, 0.0, 1.0, num_steps=300)
print(f"w1 = {weights.w1:.4f}, w2 = {weights.w2:.4f}")
print(f"rings at {rhythmic.node_frequency(*weights, dt):.1f} Hz")
print(f"falls to 1/e in {1e3 * rhythmic.decay_time(*weights, dt):.1f} ms (negative: it grows)")

figure, axes = plt.subplots(figsize=(9, 3.6))
axes.plot(ringing)
axes.set(xlabel="time (ms)", ylabel="activity h", title=f"{frequency:g} Hz")
plt.show()

# %% [markdown]
# ## Exercises
#
# **1.** Set $w_1 = w_2 = 1$. Where have you met these numbers? What is $h_t / h_{t-1}$ after many
# steps?
#
# <details><summary>Answer</summary>
#
# They are the Fibonacci numbers, 0, 1, 1, 2, 3, 5, 8 ... Each is the sum of the two before. The
# ratio goes to the larger root of $z^2 = z + 1$, the golden ratio $\phi = 1.618$. Keep it in mind
# for the last notebook.
#
# ```python
# fibonacci = np.asarray(rhythmic.second_order_trajectory(1, 1, 0, 1, num_steps=30))
# print(fibonacci[:8], fibonacci[-1] / fibonacci[-2])
# assert list(fibonacci[:8]) == [0, 1, 1, 2, 3, 5, 8, 13]
# assert abs(fibonacci[-1] / fibonacci[-2] - rhythmic.GOLDEN_RATIO) < 1e-6
# ```
#
# </details>

# %% [markdown]
# **2.** Find two weights with which the neuron repeats itself every six steps, for ever.
#
# <details><summary>Answer</summary>
#
# For ever: both roots on the unit circle, so $w_2 = -1$. Six steps a turn: an angle of 60 degrees,
# so $w_1 = 2 \cos 60^\circ = 1$.
#
# ```python
# sixes = np.asarray(rhythmic.second_order_trajectory(1, -1, 0, 1, num_steps=600))
# print(sixes[:13])
# assert np.allclose(sixes[6:], sixes[:-6], atol=1e-5)
# assert abs(rhythmic.node_frequency(1, -1, dt=1.0) - 1 / 6) < 1e-12  # cycles a step
# ```
#
# </details>

# %% [markdown]
# **3.** "None of the models so far can generate a rhythm." Can two neurons of the RNN in notebook 3
# do it, without looking two steps back? Write $h_t = w_1 h_{t-1} + w_2 h_{t-2}$ as a network of
# two.
#
# <details><summary>Answer</summary>
#
# Let the second neuron keep what the first was a step ago:
#
# $$W_{hh} = \begin{bmatrix} w_1 & w_2 \\ 1 & 0 \end{bmatrix}$$
#
# The first neuron then hears itself one and two steps back. So a recurrent network can ring, if
# its weights happen to turn; the rhythmic node always does. Started by a pulse:
#
# ```python
# pair = np.array([[w1, w2], [1.0, 0.0]])
# pulse = np.zeros((num_steps, 1))
# pulse[0] = 1.0
# zero = np.zeros(2)
# run = rhythmic.simulate_rnn(np.array([[1.0], [0.0]]), pair, np.eye(2), zero, zero, pulse)
# assert np.allclose(run.activity[:, 0], path[1:], rtol=1e-3, atol=1e-4)
# eigenvalues = np.linalg.eigvals(pair)
# assert np.allclose(np.sort_complex(eigenvalues), np.sort_complex(roots), atol=1e-6)
# ```
#
# </details>

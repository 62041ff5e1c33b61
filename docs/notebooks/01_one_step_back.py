# %% [markdown]
# # One step back
#
# Lecture: "What is the RNN model?" and "RNN dynamics (simplified)".
#
# Let's start simple: a single neuron that passes information back to itself. Its activity now is
# a weight times its activity one step ago,
#
# $$h_t = w\,h_{t-1}$$
#
# What does this system do?

# %%
import matplotlib.pyplot as plt
import numpy as np

import rhythmic
from rhythmic.plotting.style import lecture_style

lecture_style()

# %% [markdown]
# ## Take the steps
#
# Change $w$ and run the two cells again. Find a weight for each of: explodes, equilibrium,
# disappears, flickers.

# %%
w = 0.8  # Change me: 2, 1, 0.5, -0.8, -1.2
h0 = 0.1  # Change me: does the start change what happens in the distant future?
num_steps = 10

h = h0
for _ in range(num_steps):
    h = w * h

path = rhythmic.first_order_trajectory(w, h0, num_steps)
regime = rhythmic.FirstOrderRegime(int(rhythmic.first_order_regime(w)))
print(f"h_{num_steps} = {h:.6f} by the loop, {path[-1]:.6f} by the library")
print(f"in the distant future: {regime.name.lower().replace('_', ' ')}")

# %%
figure, axes = plt.subplots()
axes.axhline(0, color="0.8", linewidth=1)
axes.plot(path, "o-")
axes.set(xlabel="time t (steps)", ylabel="activity h", title=f"w = {w}")
plt.show()

# %% [markdown]
# ## The formula
#
# One step after the other gives $h_1 = w h_0$, $h_2 = w^2 h_0$, and so
#
# $$h_t = w^t h_0$$
#
# No loop is needed: $h_0$ and $w$ tell all. The four cases of the lecture, by the formula (lines)
# and by the steps (dots):

# %%
cases = {  # Change me
    "explodes": 1.2,
    "equilibrium": 1.0,
    "disappears": 0.8,
    "flickers": -0.9,
}
weights = np.array(list(cases.values()))
by_formula = rhythmic.first_order_closed_form(weights, 0.1, num_steps)
by_steps = rhythmic.first_order_trajectory(weights, 0.1, num_steps)

figure, panels = plt.subplots(2, 2, figsize=(9, 5.6), sharex=True)
for k, (name, weight) in enumerate(cases.items()):
    panel = panels.flat[k]
    panel.axhline(0, color="0.8", linewidth=1)
    panel.plot(by_formula[:, k])
    panel.plot(by_steps[:, k], "o")
    panel.set(title=f"{name}, w = {weight:g}", ylabel="activity h")
for panel in panels[-1]:
    panel.set_xlabel("time t (steps)")
plt.show()

# %% [markdown]
# ## An activation function protects
#
# A neuron does not explode. With $h_t = \phi(w\,h_{t-1})$ and $\phi = \tanh$ it cannot: its
# activity stays between $-1$ and $1$.

# %%
w_protected = 2.0  # Change me: 0.5, 1.1, -2
protected = rhythmic.activation_trajectory("tanh", w_protected, 0.1, num_steps=15)
alone = rhythmic.first_order_trajectory(w_protected, 0.1, num_steps=15)

figure, axes = plt.subplots()
axes.plot(alone, "o--", label=r"$h_t = w\,h_{t-1}$")
axes.plot(protected, "s-", label=r"$h_t = \tanh(w\,h_{t-1})$")
axes.set(xlabel="time t (steps)", ylabel="activity h", ylim=(-1.6, 1.6))
axes.set_title(f"w = {w_protected}")
axes.legend(loc="lower right")
plt.show()

# %% [markdown]
# ## Exercises
#
# **1.** Given $h_0 = 0.1$ and $w = 2$, what is $h_{10}$? At which step does the activity pass 1000?
#
# <details><summary>Answer</summary>
#
# $h_{10} = 2^{10} \cdot 0.1 = 102.4$. It passes 1000 when $2^t > 10^4$, that is
# $t > \log_2 10^4 = 13.3$: at step 14.
#
# ```python
# doubled = rhythmic.first_order_closed_form(2.0, 0.1, num_steps=20)
# print(doubled[10], np.argmax(doubled > 1000))
# assert abs(doubled[10] - 102.4) < 1e-9
# assert np.argmax(doubled > 1000) == 14
# ```
#
# </details>

# %% [markdown]
# **2.** How long does the neuron remember? For $0 < w < 1$, after how many steps is half of $h_0$
# left? What must $w$ be for a half-life of 100 steps?
#
# <details><summary>Answer</summary>
#
# $w^n = 1/2$ gives $n = \ln(1/2) / \ln w$: 3.1 steps for $w = 0.8$. For 100 steps,
# $w = 2^{-1/100} = 0.9931$. A long memory needs a weight very close to 1, and one just above
# explodes.
#
# ```python
# slow = 2 ** (-1 / 100)
# half_life = np.log(0.5) / np.log(slow)
# remembered = rhythmic.first_order_trajectory(slow, 1.0, num_steps=100)
# print(f"w = {slow:.4f}: {remembered[-1]:.4f} left after {half_life:.0f} steps")
# assert abs(remembered[-1] - 0.5) < 1e-4
# ```
#
# </details>

# %% [markdown]
# **3.** With $\tanh$ and $w = 2$, where does the activity settle? And from $h_0 = -0.1$? And with
# $w = 0.5$?
#
# <details><summary>Answer</summary>
#
# It settles where a step changes nothing, $h = \tanh(2h)$: at $h = 0.9575$, or from a negative
# start at $-0.9575$. Zero also solves the equation, but any small activity leaves it, as
# $w > 1$. With $w = 0.5$ zero is the only solution, and the activity disappears.
#
# ```python
# w, h0 = np.array([2.0, 2.0, 0.5]), np.array([0.1, -0.1, 0.1])
# last = rhythmic.activation_trajectory("tanh", w, h0, num_steps=60)[-1]
# print(last)
# rests = rhythmic.node_equilibria("tanh", 2.0).fixed_point
# assert np.allclose(rests, [-last[0], 0, last[0]], atol=1e-6)
# assert np.isclose(last[0], np.tanh(2 * last[0])) and np.isclose(last[1], -last[0])
# assert abs(last[2]) < 1e-6
# ```
#
# </details>

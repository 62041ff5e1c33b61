# %% [markdown]
# # Remember feedforward
#
# Lecture: "Remember Feedforward".
#
# What about a network of these nodes, with input and output? Back to matrices and vectors. Each
# hidden neuron sums its inputs, each times a weight; the activation function makes its output:
#
# $$\vec h = W_{ih}\,\vec I, \qquad \vec H = \phi(\vec h), \qquad \vec o = W_{ho}\,\vec H$$
#
# Rows receive, columns send: row 2 of $W_{ih}$ holds the three weights onto $h_2$.

# %%
import matplotlib.pyplot as plt
import numpy as np

from rhythmic import static
from rhythmic.plotting.style import lecture_style

lecture_style()

# %% [markdown]
# ## Program this
#
# The lecture's numbers. First one neuron by hand, as on the slide,
# $h_1 = w_{i1 \to h1} I_1 + w_{i2 \to h1} I_2 + w_{i3 \to h1} I_3$, then all at once.

# %%
inputs = np.array([1.0, 3.0, -3.0])  # Change me: [1, 3, 3], [-1, 0, 1], [2, -1, 0]
activation = "binary"  # Change me: "tanh", "relu", "sigmoid"
weights_ih = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
weights_ho = np.array([[1.0, 1.0, 1.0], [-2.0, -2.0, -2.0], [3.0, 3.0, 3.0]])

by_hand = sum(weights_ih[0, i] * inputs[i] for i in range(3))

network = static.feedforward_network([weights_ih, weights_ho])
hidden, last = static.feedforward_response(network, inputs, activation)
print(f"h_1 by hand: {by_hand:g}")
print("h =", hidden.activity)
print("H =", hidden.output)
print("o =", last.activity)

# %%
layers = {
    "input I": inputs,
    "hidden activity h": hidden.activity,
    "hidden output H": hidden.output,
    "output o": last.activity,
}
figure, panels = plt.subplots(1, 4, figsize=(10, 3.2), sharey=True)
for panel, (name, values) in zip(panels, layers.items(), strict=True):
    panel.axhline(0, color="0.6", linewidth=1)
    panel.bar([1, 2, 3], values, width=0.6)
    panel.set(title=name, xlabel="neuron", xticks=[1, 2, 3])
panels[0].set_ylabel("value (no unit)")
plt.show()

# %% [markdown]
# ## The same network, many inputs
#
# Matrices take a whole batch at once. Here the third input varies from $-6$ to $6$ and the others
# stay. With the binary activation each neuron steps where its activity crosses zero; with a smooth
# one it turns over.

# %%
swept = np.linspace(-6, 6, 241)
many = np.stack([np.full_like(swept, inputs[0]), np.full_like(swept, inputs[1]), swept])
responses = static.feedforward_response(network, many, activation)
print("(neuron, example): inputs", many.shape, "outputs", responses[-1].activity.shape)

figure, panels = plt.subplots(1, 2, figsize=(10, 3.8))
for k, style in enumerate(("-", "--", ":")):
    panels[0].plot(swept, responses[0].output[k], style, label=f"$H_{k + 1}$")
    panels[1].plot(swept, responses[1].activity[k], style, label=f"$o_{k + 1}$")
panels[0].set(xlabel="input $I_3$", ylabel="output of the hidden layer")
panels[1].set(xlabel="input $I_3$", ylabel="output layer")
for panel in panels:
    panel.legend()
plt.show()

# %% [markdown]
# ## Exercises
#
# **1.** What if the input layer has two neurons and the hidden layer has 10? What is the shape of
# $W_{ih}$?
#
# <details><summary>Answer</summary>
#
# Ten rows receive from two columns: $10 \times 2$.
#
# ```python
# import jax
#
# wide = static.random_feedforward([2, 10, 3], key=jax.random.key(0))
# print(wide[0].weights.shape)
# assert wide[0].weights.shape == (10, 2)
# assert static.feedforward_response(wide, np.ones(2), "tanh")[0].activity.shape == (10,)
# ```
#
# </details>

# %% [markdown]
# **2.** What if you had $N = 100$ neurons in each of the three layers? How many weights would you
# have to write down? And how many lines of program?
#
# <details><summary>Answer</summary>
#
# Two matrices of $100 \times 100$: 20,000 weights. (With a bias for each receiving neuron, 200
# numbers more.) The program stays as it is; that is what matrices are for.
#
# ```python
# import jax
#
# large = static.random_feedforward([100, 100, 100], key=jax.random.key(0))
# num_weights = sum(layer.weights.size for layer in large)
# print(num_weights, "weights,", static.num_parameters(large), "with biases")
# assert num_weights == 20_000
# assert static.num_parameters(large) == 20_200
# ```
#
# </details>

# %% [markdown]
# **3.** With the lecture's weights and the binary activation, can you find an input for which the
# middle hidden neuron is on and the other two are off?
#
# <details><summary>Answer</summary>
#
# No. Row 2 of $W_{ih}$ is the mean of rows 1 and 3, so $h_2 = (h_1 + h_3) / 2$. If $h_2 > 0$ then
# one of the others is positive too. A million random inputs agree:
#
# ```python
# tried = np.random.default_rng(0).normal(size=(3, 1_000_000)).astype(np.float32)
# first = static.feedforward_response(network, tried, "binary")[0]
# on = np.asarray(first.output)
# alone = (on[1] == 1) & (on[0] == 0) & (on[2] == 0)
# print(alone.sum(), "of", alone.size)
# assert not alone.any()
# h = np.asarray(first.activity)
# assert np.allclose(h[1], (h[0] + h[2]) / 2, atol=1e-4)
# ```
#
# </details>

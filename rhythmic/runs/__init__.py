"""What many independent runs share: workers that compute them."""

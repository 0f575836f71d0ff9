"""Model bundles from open_clip, ONNX files or a hub: conversion, taxonomy compilation, packaging.

May import export.graphs, consumer.tagging and schemas; torch only inside the functions that need it.
"""

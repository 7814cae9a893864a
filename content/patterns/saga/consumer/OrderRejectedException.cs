namespace Acme._1.Consumer;

/// <summary>An order that no retry can save.</summary>
public sealed class OrderRejectedException(string message) : Exception(message);

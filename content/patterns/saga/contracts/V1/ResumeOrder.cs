namespace Acme._1.Contracts.V1;

/// <summary>A person says that a parked saga shall try its step again.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the step that it is about.</param>
public sealed record ResumeOrder(string OrderId, int Token) : IStepMessage;

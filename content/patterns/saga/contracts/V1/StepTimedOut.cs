namespace Acme._1.Contracts.V1;

/// <summary>The saga's message to itself: a step has not been answered in time.</summary>
/// <param name="OrderId">The order.</param>
/// <param name="Token">The number of the step that it is about.</param>
public sealed record StepTimedOut(string OrderId, int Token) : IStepMessage;

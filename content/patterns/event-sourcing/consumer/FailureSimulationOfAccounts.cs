namespace Acme._1.Consumer;

internal static class FailureSimulationOfAccounts
{
    /// <summary>
    /// There is no sku here; the account's id says what to simulate, in front of its last <c>-</c>: <c>transient-2-anna</c>,
    /// <c>transient-always-anna</c>, <c>permanent-anna</c>, <c>crash-anna</c>, <c>slow-3-anna</c>.
    /// </summary>
    public static Task ApplyToAccountAsync(this FailureSimulation simulation, string accountId, int attempt, CancellationToken cancellationToken) =>
        simulation.ApplyAsync(accountId[..Math.Max(accountId.LastIndexOf('-'), 0)], attempt, cancellationToken);
}

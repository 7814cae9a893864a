using System.Globalization;
using Acme._1.Messaging;

namespace Acme._1.Consumer;

/// <summary>
/// Lets a message fail on demand, by its sku, to see retries and dead letters at work. Does nothing outside Development.
/// Delete it, and its one call, when you have seen enough.
/// </summary>
public sealed class FailureSimulation(IHostEnvironment environment)
{
    /// <param name="sku">
    /// <c>transient-N</c> fails N times, <c>transient-always</c> each time, <c>permanent</c> for good at once;
    /// <c>crash</c> kills the process; <c>slow-N</c> takes N seconds.
    /// </param>
    /// <param name="attempt">1, 2, …</param>
    /// <param name="cancellationToken">Ends a slow one.</param>
    public async Task ApplyAsync(string sku, int attempt, CancellationToken cancellationToken)
    {
        if (!environment.IsDevelopment())
        {
            return;
        }

        switch (sku.Split('-', 2))
        {
            case ["transient", "always"]:
            case ["transient", var times] when attempt <= Number(times):
                throw new InvalidOperationException($"Simulated transient failure, attempt {attempt}");

            case ["permanent"]:
                throw new PermanentFailureException("Simulated permanent failure");

            case ["crash"]:
                Environment.FailFast("Simulated crash");
                break;

            case ["slow", var seconds]:
                await Task.Delay(TimeSpan.FromSeconds(Number(seconds)), cancellationToken);
                break;
        }
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

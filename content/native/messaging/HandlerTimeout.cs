namespace Acme._1.Messaging;

internal static class HandlerTimeout
{
    /// <exception cref="TimeoutException">The handler did not finish within the limit, and was cancelled.</exception>
    public static async Task RunAsync(Func<CancellationToken, Task> handle, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            await handle(timeout.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The handler did not finish within {limit}.");
        }
    }
}

namespace Acme._1.Messaging;

/// <summary>
/// Goes with a message that is being published, as a payload of its context, so that a transport can say that it is no
/// use: by itself MassTransit tries again until it is cancelled.
/// </summary>
internal sealed class PublishAttempt(CancellationTokenSource cancellation)
{
    /// <summary>Why it was given up, or null.</summary>
    public Exception? Refusal { get; private set; }

    public void GiveUp(Exception refusal)
    {
        Refusal = refusal;
        cancellation.Cancel();
    }
}

using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>Decides what becomes of a message whose handler failed.</summary>
public sealed class FailurePolicy(IOptions<RetryOptions> options, HandlerRegistry registry)
{
    /// <summary>Whether a retry could not mend this.</summary>
    public bool IsPermanent(Exception failure) => failure is PermanentFailureException || registry.IsPermanent(failure);

    /// <returns>The delay before the next attempt, or null: no further attempt, the message is dead.</returns>
    public TimeSpan? DelayBeforeRetry(Exception failure, FailureHistory failures)
    {
        if (IsPermanent(failure))
        {
            return null;
        }

        return failures.Round < options.Value.MaxAttempts ? options.Value.DelayAfter(failures.Round) : null;
    }
}

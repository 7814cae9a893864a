namespace Acme._1.Messaging;

/// <summary>
/// Makes a handler's work happen once per message id. Brokers deliver at least once: after a crash,
/// a lost acknowledgement or a producer's retry the same message comes again.
/// </summary>
public interface IInbox
{
    /// <summary>
    /// Runs <paramref name="work"/> unless this queue's message with this id was processed before. The note that it was,
    /// the effects of the work and the messages it put into the <see cref="IOutbox"/> are committed together
    /// or not at all. A second delivery of a message that is being handled right now waits for the first, or, where the
    /// store cannot make it wait, has its work thrown away.
    /// </summary>
    /// <param name="queue">The queue it came from: each subscriber of a topic has to handle a message once.</param>
    /// <param name="messageId">The message's id.</param>
    /// <param name="work">What is to be done, and to be undone when it throws.</param>
    /// <param name="cancellationToken">Ends the wait for a twin, and the work.</param>
    /// <returns>False if the message is a duplicate and the work was not run.</returns>
    Task<bool> RunOnceAsync(string queue, string messageId, Func<CancellationToken, Task> work, CancellationToken cancellationToken);
}

using Acme._1.Contracts;

namespace Acme._1.Messaging;

/// <summary>What a broker has to offer for requests and their answers, beside <see cref="ITransport"/>.</summary>
public interface IRequestTransport
{
    /// <summary>
    /// Returns once the broker has the request. The adapter adds <see cref="Envelope.ReplyTo"/>, the address at which it
    /// receives this process's answers, and hands each of them to <see cref="PendingRequests.Complete"/>.
    /// </summary>
    /// <exception cref="NoResponderException">Nobody is there to answer.</exception>
    /// <exception cref="BrokerUnavailableException">There is no connection, or the broker refused the request.</exception>
    /// <exception cref="OperationCanceledException">The broker did not take it before the token was cancelled.</exception>
    Task SendRequestAsync(Destination destination, Envelope request, CancellationToken cancellationToken);

    /// <summary>Sends an answer on its way. If its receiver is gone it is dropped: nobody waits for it any more.</summary>
    /// <param name="replyTo">The <see cref="Envelope.ReplyTo"/> of the request.</param>
    /// <exception cref="BrokerUnavailableException">There is no connection.</exception>
    /// <exception cref="OperationCanceledException">The broker did not take it before the token was cancelled.</exception>
    Task SendReplyAsync(string replyTo, Envelope reply, CancellationToken cancellationToken);
}

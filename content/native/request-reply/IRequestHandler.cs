namespace Acme._1.Messaging;

/// <summary>
/// Answers one kind of request. The same request may come again, and wants the same answer again: that is why no inbox
/// stands before this handler, and it has to know itself what it must not do twice.
/// </summary>
public interface IRequestHandler<in TRequest, TReply>
    where TRequest : class
    where TReply : class
{
    Task<TReply> HandleAsync(TRequest message, MessageContext context, CancellationToken cancellationToken);
}

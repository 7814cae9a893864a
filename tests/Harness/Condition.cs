using System.Text.RegularExpressions;

namespace MqService.Harness;

/// <summary>
/// Evaluates the conditions of template.json as far as this pack uses them: symbols, string literals,
/// == != &amp;&amp; || ! and parentheses.
/// </summary>
public sealed partial class Condition
{
    private readonly Queue<string> tokens;
    private readonly Func<string, string> valueOf;

    private Condition(string text, Func<string, string> valueOf)
    {
        tokens = new Queue<string>(Token().Matches(text).Select(m => m.Value));
        this.valueOf = valueOf;
    }

    /// <param name="valueOf">The value of a symbol; "true" or "false" for a boolean one.</param>
    public static bool Evaluate(string text, Func<string, string> valueOf)
    {
        var condition = new Condition(text, valueOf);
        var result = condition.Or();
        return condition.tokens.Count == 0
            ? result == bool.TrueString
            : throw new FormatException($"Unexpected '{condition.tokens.Peek()}' in the condition {text}");
    }

    private string Or()
    {
        var left = And();
        while (Take("||"))
        {
            var right = And();
            left = Text(left == bool.TrueString || right == bool.TrueString);
        }

        return left;
    }

    private string And()
    {
        var left = Equality();
        while (Take("&&"))
        {
            var right = Equality();
            left = Text(left == bool.TrueString && right == bool.TrueString);
        }

        return left;
    }

    private string Equality()
    {
        var left = Operand();
        return Take("==") ? Text(left == Operand())
            : Take("!=") ? Text(left != Operand())
            : left;
    }

    private string Operand()
    {
        if (Take("!"))
        {
            return Text(Operand() != bool.TrueString);
        }

        if (Take("("))
        {
            var inner = Or();
            return Take(")") ? inner : throw new FormatException("A ')' is missing in a condition.");
        }

        var token = tokens.Dequeue();
        return token[0] == '"' ? token.Trim('"')
            : bool.TryParse(valueOf(token), out var flag) ? Text(flag)
            : valueOf(token);
    }

    private bool Take(string token)
    {
        var next = tokens.TryPeek(out var head) && head == token;
        if (next)
        {
            tokens.Dequeue();
        }

        return next;
    }

    private static string Text(bool value) => value ? bool.TrueString : bool.FalseString;

    [GeneratedRegex("""
        \|\||&&|==|!=|[!()]|"[^"]*"|[\w-]+
        """)]
    private static partial Regex Token();
}

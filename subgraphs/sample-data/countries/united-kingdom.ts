import { type Country, nicknames, towns, words } from './country.ts';

/** People of the United Kingdom. */
export const UNITED_KINGDOM: Country = {
  code: 'GB',
  name: 'United Kingdom',
  ownName: 'UK',
  femaleNames:
    words(`Olivia, Amelia, Isla, Ava, Emily, Sophie, Grace, Charlotte, Lily, Jessica, Margaret, Elizabeth, Susan,
    Christine, Janet, Patricia, Gillian, Sarah, Claire, Nicola, Emma, Joanne, Helen, Rachel, Lisa, Rebecca, Karen, Victoria,
    Samantha, Hannah, Gemma, Lauren, Chloe, Megan, Bethany, Fiona, Eilidh, Siobhan, Rhiannon, Priya, Aisha, Harriet, Imogen,
    Philippa, Beatrice`),
  maleNames:
    words(`Oliver, George, Harry, Noah, Jack, Charlie, Leo, Arthur, Muhammad, David, John, Peter, Michael, Alan,
    Robert, Stephen, Paul, Mark, Andrew, Richard, Christopher, James, Simon, Matthew, Daniel, Christian, Lee, Craig, Darren,
    Gareth, Stuart, Callum, Ewan, Alistair, Rhys, Owen, Liam, Declan, Nigel, Graham, Trevor, Timothy, Edward, Benjamin,
    Thomas, William, Imran`),
  familyNames: words(`Smith, Jones, Taylor, Brown, Williams, Wilson, Johnson, Davies, Robinson, Wright, Thompson, Evans,
    Walker, White, Roberts, Green, Hall, Wood, Jackson, Clarke, Patel, Khan, Lewis, James, Phillips, Mason, Mitchell, Rose,
    Davis, Cook, Morris, Bell, Cooper, Ward, Turner, Baker, Harris, Hughes, Edwards, Hill, Moore, Scott, King, Campbell,
    Stewart, MacDonald, Murray, Young, Reid, Fraser, Begum, Hussain, O'Neill, Byrne, Kelly, Ali, Shaw, Holmes, Barker,
    Pearson, Fletcher, Hargreaves, Whitehead, Pritchard, Llewellyn, Ashworth, Sutton, Blackwood, Cartwright, Singh`),
  nicknames:
    nicknames(`Elizabeth Beth, Margaret Maggie, Susan Sue, Christine Chrissie, Patricia Pat, Gillian Jill, Nicola Nicky,
    Joanne Jo, Rebecca Becky, Victoria Vicky, Samantha Sam, Bethany Beth, Philippa Pippa, Beatrice Bea, Robert Rob,
    Stephen Steve, Andrew Andy, Richard Dick, Christopher Chris, Matthew Matt, Daniel Danny, Michael Mick, David Dave,
    Timothy Tim, Edward Eddie, Benjamin Ben, Thomas Tom, William Will, Alistair Ali, Arthur Art, Harriet Hattie, Jessica Jess`),
  towns: towns(`
    London||SE1% %&&
    Manchester||M1% %&&
    Bristol||BS% %&&
    Leeds||LS% %&&
    Edinburgh||EH% %&&
    Cardiff||CF1% %&&
    Glasgow||G1% %&&
    Norwich||NR% %&&
    Sheffield||S1% %&&
    Exeter||EX% %&&
    York||YO1% %&&
    Belfast||BT% %&&
    Brighton||BN% %&&
    Oxford||OX% %&&`),
  streets: words(`High Street, Station Road, Church Lane, Victoria Road, Green Lane, Manor Road, Park Road, Queens Road,
    Kings Avenue, Mill Lane, The Crescent, London Road, Albert Street, Chapel Street, North Street, Grange Road, Orchard Close,
    Springfield Road`),
  femaleTitle: 'Mrs',
  maleTitle: 'Mr',
  mailDomains: words('mail.example, post.example, broadband.example, webmail.example, example.org'),
  houseNumber: 'before',
  flat: 'Flat',
};

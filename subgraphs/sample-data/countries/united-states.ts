import { type Country, nicknames, towns, words } from './country.ts';

/** People of the United States. */
export const UNITED_STATES: Country = {
  code: 'US',
  name: 'United States',
  ownName: 'USA',
  femaleNames:
    words(`Mary, Patricia, Jennifer, Linda, Elizabeth, Barbara, Susan, Jessica, Karen, Sarah, Lisa, Nancy, Sandra,
    Betty, Ashley, Emily, Kimberly, Margaret, Donna, Michelle, Carol, Amanda, Melissa, Deborah, Stephanie, Rebecca, Sharon,
    Laura, Cynthia, Dorothy, Amy, Kathleen, Angela, Shirley, Emma, Brenda, Pamela, Nicole, Anna, Samantha, Katherine,
    Christine, Helen, Debra, Rachel, Carolyn, Janet, Maria, Catherine, Heather, Olivia, Victoria, Jasmine, Latoya, Mei`),
  maleNames: words(`James, Robert, John, Michael, David, William, Richard, Joseph, Thomas, Charles, Christopher, Daniel,
    Matthew, Anthony, Mark, Donald, Steven, Andrew, Paul, Joshua, Kenneth, Kevin, Brian, George, Timothy, Ronald, Jason,
    Edward, Jeffrey, Ryan, Jacob, Gary, Nicholas, Eric, Jonathan, Stephen, Larry, Justin, Scott, Brandon, Benjamin, Samuel,
    Gregory, Alexander, Patrick, Frank, Raymond, Jack, Dennis, Jerry, Tyler, Aaron, Jose, Adam, Nathan, Jamal, Wei`),
  familyNames:
    words(`Smith, Johnson, Williams, Brown, Jones, Garcia, Miller, Davis, Rodriguez, Martinez, Hernandez, Lopez,
    Gonzalez, Wilson, Anderson, Thomas, Taylor, Moore, Jackson, Martin, Lee, Perez, Thompson, White, Harris, Sanchez, Clark,
    Ramirez, Lewis, Robinson, Walker, Young, Allen, King, Wright, Scott, Torres, Nguyen, Hill, Flores, Green, Adams, Nelson,
    Baker, Hall, Rivera, Campbell, Mitchell, Carter, Roberts, Gomez, Phillips, Evans, Turner, Diaz, Parker, Cruz, Edwards,
    Collins, Reyes, Stewart, Morris, Morales, Murphy, Cook, Rogers, Gutierrez, Ortiz, Morgan, Cooper, Peterson, Bailey, Reed,
    Kelly, Howard, Ramos, Kim, Cox, Ward, Richardson, Watson, Brooks, Chavez, Wood, Bennett, Gray, Mendoza, Ruiz, Hughes,
    Price, Alvarez, Castillo, Sanders, Patel, Myers, Long, Ross, Foster, O'Brien, McCarthy, Washington, Chen`),
  nicknames:
    nicknames(`Robert Bob, Elizabeth Liz, William Bill, Richard Rick, Margaret Peggy, Katherine Kate, Michael Mike,
    James Jim, Joseph Joe, Thomas Tom, Charles Chuck, Christopher Chris, Daniel Dan, Matthew Matt, Anthony Tony, Steven Steve,
    Andrew Andy, Joshua Josh, Kenneth Ken, Timothy Tim, Ronald Ron, Edward Ted, Jeffrey Jeff, Jacob Jake,
    Nicholas Nick, Jonathan Jon, Stephen Steve, Benjamin Ben, Samuel Sam, Gregory Greg, Alexander Alex, Patrick Pat,
    Raymond Ray, Nathan Nate, David Dave, Patricia Patty, Jennifer Jenny, Barbara Barb, Susan Sue, Jessica Jess,
    Deborah Debbie, Rebecca Becky, Stephanie Steph, Cynthia Cindy, Dorothy Dot, Kathleen Kathy, Pamela Pam, Samantha Sam,
    Christine Chris, Catherine Cathy, Victoria Vicky, Kimberly Kim, Amanda Mandy, Melissa Mel, Angela Angie`),
  towns: towns(`
    Springfield|IL|627%%
    Portland|OR|972%%
    Austin|TX|787%%
    Columbus|OH|432%%
    Denver|CO|802%%
    Nashville|TN|372%%
    Phoenix|AZ|850%%
    Boston|MA|021%%
    Seattle|WA|981%%
    Atlanta|GA|303%%
    San Diego|CA|921%%
    Brooklyn|NY|112%%
    Raleigh|NC|276%%
    Milwaukee|WI|532%%
    Tampa|FL|336%%
    Albuquerque|NM|871%%`),
  streets:
    words(`Main Street, Oak Avenue, Maple Street, Cedar Lane, Elm Street, Washington Avenue, Lake Drive, Hill Road,
    Park Avenue, Pine Street, Sunset Boulevard, River Road, Lincoln Street, Church Street, Spring Street, Willow Court,
    Highland Avenue, Jefferson Street, Mill Road, Ridge Road`),
  femaleTitle: 'Ms',
  maleTitle: 'Mr',
  mailDomains: words('mail.example, inbox.example, postbox.example, webmail.example, example.com'),
  houseNumber: 'before',
  flat: 'Apt',
};
